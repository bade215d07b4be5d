// A layer's two halves around attention: the part that training and generation share.
#pragma once

#include <torch/all.h>

#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/config.h"
#include "plugins/lib/model/linear.h"
#include "plugins/lib/model/ops.h"

namespace cairn::model {

struct Projections {
  at::Tensor q;     // [rows, heads, d], normed and rotated
  at::Tensor k, v;  // [rows, kv_heads, d]
};

[[nodiscard]] inline Projections project(const LayerWeights& weights, const ModelConfig& config,
                                         const at::Tensor& stream, const RotaryTable& table,
                                         const at::Tensor& positions) {
  const at::Tensor x = rms_norm(stream, weights.input_norm, config.rms_norm_eps);
  const double eps = config.rms_norm_eps;
  return {norm_rotate(apply_linear(x, weights.q), weights.q_norm, eps, table, positions),
          norm_rotate(apply_linear(x, weights.k), weights.k_norm, eps, table, positions),
          apply_linear(x, weights.v).view({x.size(0), config.kv_heads, config.head_dim})};
}

// attended [rows, heads, d] -> the residual stream after the layer.
[[nodiscard]] inline at::Tensor finish_layer(const LayerWeights& weights, const ModelConfig& config,
                                             const at::Tensor& stream, const at::Tensor& attended) {
  const at::Tensor flat = attended.reshape({attended.size(0), config.heads * config.head_dim});
  const at::Tensor middle = stream + apply_linear(flat, weights.o);
  const at::Tensor x = rms_norm(middle, weights.post_norm, config.rms_norm_eps);
  const at::Tensor inner = swiglu(apply_linear(x, weights.gate), apply_linear(x, weights.up));
  return middle + apply_linear(inner, weights.down);
}

}  // namespace cairn::model
