// From rollouts and rewards to one gradient step (RECIPE §3).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/optimizer.h"
#include "plugins/lib/rl/aepo.h"
#include "plugins/lib/trainer/params.h"
#include "plugins/lib/trainer/rollout.h"

namespace cairn::trainer {

// What the update will do, decided from numbers alone. Responses are flat: prompt by prompt.
struct UpdatePlan {
  std::vector<double> advantages;
  std::vector<std::vector<double>> weights;  // per response and token, see rl::loss_weights
  std::vector<std::uint8_t> keep;
  rl::TokenMask mask;        // per response and token: 0 where clipping takes its gradient
  double entropy = 0;        // mean of sequence means
  double entropy_token = 0;  // mean over tokens
  double masked_tokens = 0;  // fraction of all response tokens without gradient by clipping
  bool nothing_left = false;
  bool no_signal = false;
};

// rewards[prompt][response]; tasks[prompt]. aepo may be null; its bit moves.
[[nodiscard]] UpdatePlan plan_update(const std::vector<std::vector<Trajectory>>& rollouts,
                                     const std::vector<std::string>& tasks,
                                     const std::vector<std::vector<double>>& rewards,
                                     const RlOptions& options, rl::Aepo* aepo);

// Adds the gradient of the loss to the policy's, over micro-batches; returns the loss's value.
// Turns with the same prompt share its computation. The policy's gradients must be on and zero.
[[nodiscard]] Result<double> accumulate_gradient(
    model::CausalLm& policy, const std::vector<std::vector<Trajectory>>& rollouts,
    const UpdatePlan& plan, const RlOptions& options);

struct UpdateResult {
  double loss = 0;
  double grad_norm = 0;  // before clipping
};

// The gradient, clipped, and one step of the optimizer.
[[nodiscard]] Result<UpdateResult> apply_update(
    model::CausalLm& policy, model::AdamW& optimizer,
    const std::vector<std::vector<Trajectory>>& rollouts, const UpdatePlan& plan,
    const RlOptions& options);

}  // namespace cairn::trainer
