// A transformer layer in pieces: what training and generation share, for every architecture.
#pragma once

#include <torch/all.h>

#include <string>
#include <vector>

#include "plugins/lib/model/config.h"
#include "plugins/lib/model/experts.h"
#include "plugins/lib/model/packed.h"
#include "plugins/lib/model/rope.h"

namespace cairn::model {

// Weights of one layer, as the checkpoint names them. Undefined where the architecture has none:
// q_norm and k_norm in Llama; gate, up, down where the layer has a router and experts instead.
struct LayerWeights {
  at::Tensor input_norm, q, k, v, q_norm, k_norm, o, post_norm, gate, up, down;
  at::Tensor router;  // [experts, hidden]
  std::vector<ExpertWeights> experts;

  // Those that are defined.
  [[nodiscard]] std::vector<at::Tensor> all() const;
};

struct Projections {
  at::Tensor q;     // [rows, heads, d], normed where the architecture does so, and rotated
  at::Tensor k, v;  // [rows, kv_heads, d]
};

// Of the residual stream [rows, hidden]; positions [rows] int64, each below the table's length.
[[nodiscard]] Projections project(const LayerWeights& weights, const ModelConfig& config,
                                  const at::Tensor& stream, const RotaryTable& table,
                                  const at::Tensor& positions);

// attended [rows, heads, d] -> the residual stream after the layer. Where the layer has experts and
// `taken` is given, it receives what the router decided.
[[nodiscard]] at::Tensor finish_layer(const LayerWeights& weights, const ModelConfig& config,
                                      const at::Tensor& stream, const at::Tensor& attended,
                                      Route* taken = nullptr);

// Causal attention of a packed batch: kernels for float32 on the CPU, LibTorch operations in blocks
// otherwise; memory linear in rows either way. Shapes as in packed_attention.
[[nodiscard]] at::Tensor causal_attention(const Projections& now,
                                          const std::vector<Segment>& segments);

}  // namespace cairn::model
