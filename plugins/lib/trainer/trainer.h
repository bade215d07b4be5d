// The RL loop that rl_stage and memory_rl share: sample, roll out, reward, update, checkpoint.
//
// A checkpoint holds weights, optimizer, sampler, the AEPO bit, counters and log cuts, so a stage
// killed anywhere continues from it to the same bytes.
#pragma once

#include "core/sdk/context.h"
#include "plugins/lib/trainer/params.h"
#include "plugins/lib/trainer/rollout.h"

namespace cairn::trainer {

struct RlJob {
  fs::path policy;        // model folder to start from
  fs::path model_out;     // where the trained model goes
  fs::path rollouts_out;  // where the `rollouts` folder goes
  RlOptions options;
  const Dataset* dataset = nullptr;
  RolloutSource* source = nullptr;
};

// On cancellation a checkpoint is saved and the error is kCancelled.
[[nodiscard]] Result<void> run_rl(StageContext& ctx, const RlJob& job);

}  // namespace cairn::trainer
