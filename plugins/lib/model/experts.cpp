#include "plugins/lib/model/experts.h"

#include "plugins/lib/model/linear.h"
#include "plugins/lib/model/ops.h"

namespace cairn::model {

Route route(const at::Tensor& x, const at::Tensor& router, const ExpertsConfig& config) {
  const at::Tensor probability = at::softmax(apply_linear(x, router), -1, at::kFloat);
  auto [weight, chosen] = probability.topk(config.chosen, -1, /*largest=*/true, /*sorted=*/true);
  if (config.normalise) weight = weight / weight.sum(-1, /*keepdim=*/true);
  return {probability, chosen, weight.to(x.scalar_type())};
}

at::Tensor mix_experts(const at::Tensor& x, const Route& route,
                       std::span<const ExpertWeights> experts) {
  const std::int64_t k = route.chosen.size(1);
  // Pairs (row, choice) in the order of their experts; a stable sort keeps rows ascending.
  const auto [sorted, order] = route.chosen.reshape({-1}).sort(/*stable=*/true, 0, false);
  const at::Tensor gathered = x.index_select(0, order.div(k, "floor"));
  const at::Tensor counts =
      at::bincount(sorted.cpu(), {}, static_cast<std::int64_t>(experts.size()));
  std::vector<at::Tensor> outputs;
  std::int64_t begin = 0;
  for (std::size_t e = 0; e < experts.size(); ++e) {
    const auto count = counts.data_ptr<std::int64_t>()[e];
    if (count == 0) continue;
    const at::Tensor rows = gathered.narrow(0, begin, count);
    const at::Tensor inner =
        swiglu(apply_linear(rows, experts[e].gate), apply_linear(rows, experts[e].up));
    outputs.push_back(apply_linear(inner, experts[e].down));
    begin += count;
  }
  if (outputs.empty()) return at::zeros_like(x);
  const at::Tensor by_pair = at::cat(outputs).index_select(0, order.argsort());
  return (by_pair.view({x.size(0), k, x.size(1)}) * route.weight.unsqueeze(-1)).sum(1);
}

at::Tensor load_balancing_loss(std::span<const Route> routes) {
  if (routes.empty()) return {};
  std::vector<at::Tensor> probabilities, chosen;
  for (const Route& route : routes) {
    probabilities.push_back(route.probability);
    chosen.push_back(route.chosen);
  }
  const at::Tensor probability = at::cat(probabilities);
  const std::int64_t experts = probability.size(1);
  const at::Tensor counts = at::bincount(at::cat(chosen).reshape({-1}), {}, experts);
  const at::Tensor share = counts.to(at::kFloat) / static_cast<double>(probability.size(0));
  return (share * probability.mean(0)).sum() * static_cast<double>(experts);
}

}  // namespace cairn::model
