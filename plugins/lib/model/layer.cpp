#include "plugins/lib/model/layer.h"

#include "plugins/lib/model/attention.h"
#include "plugins/lib/model/linear.h"
#include "plugins/lib/model/ops.h"

namespace cairn::model {

std::vector<at::Tensor> LayerWeights::all() const {
  std::vector<at::Tensor> tensors;
  for (const at::Tensor& tensor :
       {input_norm, q, k, v, q_norm, k_norm, o, post_norm, gate, up, down, router}) {
    if (tensor.defined()) tensors.push_back(tensor);
  }
  for (const ExpertWeights& expert : experts) {
    tensors.insert(tensors.end(), {expert.gate, expert.up, expert.down});
  }
  return tensors;
}

Projections project(const LayerWeights& weights, const ModelConfig& config,
                    const at::Tensor& stream, const RotaryTable& table,
                    const at::Tensor& positions) {
  const at::Tensor x = rms_norm(stream, weights.input_norm, config.rms_norm_eps);
  const auto turned = [&](const at::Tensor& weight, const at::Tensor& norm) {
    const at::Tensor rows = apply_linear(x, weight);
    if (!config.norms_heads()) return rotate(rows, config.head_dim, table, positions);
    return norm_rotate(rows, norm, config.rms_norm_eps, table, positions);
  };
  return {turned(weights.q, weights.q_norm), turned(weights.k, weights.k_norm),
          apply_linear(x, weights.v).view({x.size(0), config.kv_heads, config.head_dim})};
}

at::Tensor finish_layer(const LayerWeights& weights, const ModelConfig& config,
                        const at::Tensor& stream, const at::Tensor& attended, Route* taken) {
  const at::Tensor flat = attended.reshape({attended.size(0), config.heads * config.head_dim});
  const at::Tensor middle = stream + apply_linear(flat, weights.o);
  const at::Tensor x = rms_norm(middle, weights.post_norm, config.rms_norm_eps);
  if (weights.router.defined()) {
    const Route chosen = route(x, weights.router, *config.experts);
    if (taken != nullptr) *taken = chosen;
    return middle + mix_experts(x, chosen, weights.experts);
  }
  const at::Tensor inner = swiglu(apply_linear(x, weights.gate), apply_linear(x, weights.up));
  return middle + apply_linear(inner, weights.down);
}

at::Tensor causal_attention(const Projections& now, const std::vector<Segment>& segments) {
  return has_kernels(now.q) ? packed_attention(now.q, now.k, now.v, segments)
                            : plain_attention(now.q, now.k, now.v, segments);
}

}  // namespace cairn::model
