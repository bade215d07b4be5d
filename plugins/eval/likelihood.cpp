#include "plugins/eval/likelihood.h"

#include <cmath>
#include <span>

namespace cairn::eval {
namespace {

std::int64_t tokens_of(const model::TokenGroup& group) {
  std::size_t count = group.prompt.size();
  for (const auto& response : group.responses) count += response.size();
  return static_cast<std::int64_t>(count);
}

}  // namespace

Result<std::vector<double>> reference_nll(const model::CausalLm& policy,
                                          const std::vector<model::TokenGroup>& groups,
                                          std::int64_t max_tokens) {
  at::NoGradGuard no_grad;
  std::vector<double> sums;
  for (std::size_t begin = 0; begin < groups.size();) {
    std::size_t end = begin;
    std::int64_t tokens = 0;
    while (end < groups.size() && (end == begin || tokens + tokens_of(groups[end]) <= max_tokens))
      tokens += tokens_of(groups[end++]);
    const std::span part(groups.data() + begin, end - begin);
    CAIRN_ASSIGN(const auto scores, policy.score(model::pack_groups(part)));
    const at::Tensor logprob = scores.logprob.cpu().contiguous();
    const float* next = logprob.data_ptr<float>();
    for (const auto& group : part) {
      double sum = 0;
      for (const auto& response : group.responses)
        for (std::size_t t = 0; t < response.size(); ++t) sum -= *next++;
      if (!std::isfinite(sum))
        return invalid_argument("the policy gives a reference answer no finite likelihood",
                                "its weights hold values that are no numbers: train it again with "
                                "a lower learning rate");
      sums.push_back(sum);
    }
    begin = end;
  }
  return sums;
}

}  // namespace cairn::eval
