// The mixture-of-experts half of a layer, as Qwen3-MoE computes it (RECIPE §8): a router in float32
// chooses experts for each token, and the token's output is the weighted sum of theirs.
#pragma once

#include <torch/all.h>

#include <span>
#include <vector>

#include "plugins/lib/model/config.h"

namespace cairn::model {

struct ExpertWeights {
  at::Tensor gate, up, down;  // [intermediate, hidden] twice, [hidden, intermediate]
};

// What a layer's router decided for each row.
struct Route {
  at::Tensor probability;  // [rows, experts] float32, over all experts; differentiable
  at::Tensor chosen;       // [rows, k] int64, most probable first
  at::Tensor weight;       // [rows, k] in the compute dtype; differentiable

  [[nodiscard]] bool defined() const { return probability.defined(); }
};

// x [rows, hidden], router [experts, hidden].
[[nodiscard]] Route route(const at::Tensor& x, const at::Tensor& router,
                          const ExpertsConfig& config);

// [rows, hidden]. Each expert computes only its own rows, experts in ascending order; a row's k
// outputs are added in the order of `chosen`.
[[nodiscard]] at::Tensor mix_experts(const at::Tensor& x, const Route& route,
                                     std::span<const ExpertWeights> experts);

// E * sum over experts e of f_e * P_e: f_e the share of rows that chose e (they sum to k), P_e its
// mean probability, both over the rows of all routes together. float32 []; gradients flow through
// the probabilities. Undefined when there are no routes.
[[nodiscard]] at::Tensor load_balancing_loss(std::span<const Route> routes);

}  // namespace cairn::model
