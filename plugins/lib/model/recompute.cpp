#include "plugins/lib/model/recompute.h"

#include <algorithm>
#include <utility>

#include "plugins/lib/model/compat.h"

namespace cairn::model {
namespace {

using torch::autograd::Variable;
using torch::autograd::variable_list;

bool carries_gradient(const at::Tensor& tensor) {
  return tensor.defined() && at::isFloatingType(tensor.scalar_type());
}

// Its outputs are those of the piece that carry gradients, in order; its inputs the piece's input
// and the weights.
class RecomputeNode : public torch::autograd::Node {
 public:
  RecomputeNode(Piece piece, const at::Tensor& input, std::vector<at::Tensor> weights)
      : piece_(std::move(piece)), input_(input.detach()), weights_(std::move(weights)) {}

  variable_list apply(variable_list&& grads) override {
    TORCH_CHECK(piece_ != nullptr, "backward through the same recomputed piece twice");
    const at::AutoGradMode with_gradients(true);
    variable_list inputs{input_.detach().set_requires_grad(true)};
    inputs.insert(inputs.end(), weights_.begin(), weights_.end());
    variable_list outputs, upstream;
    std::size_t slot = 0;
    for (const at::Tensor& output : piece_(inputs[0])) {
      if (!carries_gradient(output)) continue;
      if (const at::Tensor& grad = grads[slot++]; grad.defined()) {
        outputs.push_back(output);
        upstream.push_back(grad);
      }
    }
    if (outputs.empty()) return variable_list(inputs.size());
    return torch::autograd::grad(outputs, inputs, upstream, /*retain_graph=*/false,
                                 /*create_graph=*/false, /*allow_unused=*/true);
  }

  void release_variables() override {
    piece_ = nullptr;
    input_.reset();
    weights_.clear();
  }

 private:
  Piece piece_;
  at::Tensor input_;
  std::vector<at::Tensor> weights_;
};

}  // namespace

std::vector<at::Tensor> recomputed(Piece piece, const at::Tensor& input,
                                   const std::vector<at::Tensor>& weights) {
  const auto wanted = [](const at::Tensor& tensor) { return tensor.requires_grad(); };
  if (!at::GradMode::is_enabled() ||
      !(wanted(input) || std::any_of(weights.begin(), weights.end(), wanted))) {
    return piece(input);
  }
  std::vector<at::Tensor> trained;
  std::copy_if(weights.begin(), weights.end(), std::back_inserter(trained), wanted);
  std::vector<at::Tensor> outputs;
  {
    const at::NoGradGuard no_grad;
    outputs = piece(input.detach());
  }
  auto edges = torch::autograd::collect_next_edges(input, at::TensorList(trained));
  const NodePointer node = make_node<RecomputeNode>(std::move(piece), input, std::move(trained));
  node->set_next_edges(std::move(edges));
  for (at::Tensor& output : outputs) {
    if (carries_gradient(output)) torch::autograd::create_gradient_edge(output, node);
  }
  return outputs;
}

}  // namespace cairn::model
