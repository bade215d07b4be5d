// The RL loop that rl_stage and memory_rl share: sample, roll out, reward, update, checkpoint.
//
// A checkpoint holds weights, optimizer, sampler, the AEPO bit, counters and log cuts, so a stage
// killed anywhere continues from it to the same bytes.
#pragma once

#include <memory>

#include "core/sdk/context.h"
#include "core/sdk/stage.h"
#include "plugins/lib/trainer/params.h"
#include "plugins/lib/trainer/rollout.h"

namespace cairn::trainer {

struct RlJob {
  fs::path policy;        // model folder to start from
  fs::path model_out;     // where the trained model goes
  fs::path rollouts_out;  // where the `rollouts` folder goes
  RlOptions options;
  const Dataset* dataset = nullptr;
  const model::Tokenizer* tokenizer = nullptr;
  RolloutSource* source = nullptr;
};

// On cancellation a checkpoint is saved and the error is kCancelled.
[[nodiscard]] Result<void> run_rl(StageContext& ctx, const RlJob& job);

// A stage that trains a policy on its own rollouts; what it adds is where they come from.
struct PolicyStage : Stage {
  RlParams params{this};
  Input<kind::Model> policy{this, "policy", "Model to start from"};
  Input<kind::Qa> dataset{this, "dataset", "Questions with verifiable answers"};
  Output<kind::Model> model{this, "model", "The trained model"};
  Output<kind::Rollouts> rollouts{
      this, "rollouts",
      "Every step and every response: rewards, tokens and turns, see docs/rollouts.md"};
  Metric reward{this, "reward_mean", "share", "Mean reward of the step's rollouts"};
  Metric entropy{this, "entropy", "nats", "Mean entropy of the policy over generated tokens"};
  Metric length{this, "length_mean", "tokens", "Mean length of the step's rollouts"};
  Metric grad_norm{this, "grad_norm", "norm", "Norm of the gradient before it is clipped"};
  Metric loss{this, "loss", "loss", "Loss of the update"};
  Metric seconds{this, "step_seconds", "seconds", "Time of the step", Runtime{}};
  Checkpoints checkpoints{this, "steps",
                          "Every `checkpoint_every` steps and at the end: weights, optimizer, "
                          "sampler, entropy control and how far the rollouts are written"};

  Result<void> run(StageContext& ctx) override;

 protected:
  // What it is given outlives the source.
  [[nodiscard]] virtual std::unique_ptr<RolloutSource> source(const StageContext& ctx,
                                                              const Dataset& data,
                                                              const model::Tokenizer& tokenizer,
                                                              const RlOptions& options) const = 0;
};

}  // namespace cairn::trainer
