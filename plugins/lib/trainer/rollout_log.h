// The `rollouts` artifact while it grows: steps.jsonl and rollouts.jsonl, exact across restarts.
#pragma once

#include <string>
#include <vector>

#include "core/sdk/segmented_log.h"
#include "plugins/lib/trainer/rollout.h"
#include "plugins/lib/trainer/update.h"

namespace cairn::trainer {

struct StepRecord {
  std::int64_t step = 0;
  std::vector<std::size_t> samples;
  const std::vector<std::vector<Trajectory>>* rollouts = nullptr;
  const std::vector<std::vector<double>>* rewards = nullptr;  // as earned, before any permutation
  const UpdatePlan* plan = nullptr;
  std::string update;  // applied, skipped or no_signal
  bool masking = false;
  UpdateResult result;
};

class RolloutLog {
 public:
  // cuts: null on a fresh start, else what cuts() gave the checkpoint.
  [[nodiscard]] static Result<RolloutLog> open(const StageContext& ctx, const json::value& cuts);
  [[nodiscard]] Result<void> append(const StepRecord& record, const Dataset& dataset);
  [[nodiscard]] Result<json::value> cuts();
  // Writes both files into a new folder.
  [[nodiscard]] Result<void> assemble(const fs::path& folder);

 private:
  RolloutLog(SegmentedLog steps, SegmentedLog rollouts)
      : steps_(std::move(steps)), rollouts_(std::move(rollouts)) {}
  SegmentedLog steps_;
  SegmentedLog rollouts_;
};

// Means of a step, as steps.jsonl and the metrics hold them.
[[nodiscard]] json::object step_summary(const StepRecord& record, const Dataset& dataset);

}  // namespace cairn::trainer
