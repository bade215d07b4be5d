// A layer's two halves around attention: the part that training and generation share.
#pragma once

#include <torch/all.h>

#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/config.h"
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
  return {norm_rotate(at::matmul(x, weights.q.t()), weights.q_norm, eps, table, positions),
          norm_rotate(at::matmul(x, weights.k.t()), weights.k_norm, eps, table, positions),
          at::matmul(x, weights.v.t()).view({x.size(0), config.kv_heads, config.head_dim})};
}

// attended [rows, heads, d] -> the residual stream after the layer.
[[nodiscard]] inline at::Tensor finish_layer(const LayerWeights& weights, const ModelConfig& config,
                                             const at::Tensor& stream, const at::Tensor& attended) {
  const at::Tensor flat = attended.reshape({attended.size(0), config.heads * config.head_dim});
  const at::Tensor middle = stream + at::matmul(flat, weights.o.t());
  const at::Tensor x = rms_norm(middle, weights.post_norm, config.rms_norm_eps);
  const at::Tensor inner = swiglu(at::matmul(x, weights.gate.t()), at::matmul(x, weights.up.t()));
  return middle + at::matmul(inner, weights.down.t());
}

}  // namespace cairn::model
