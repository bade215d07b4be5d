// The `rollouts` artifact while it grows, exact across restarts: steps.jsonl, rollouts.jsonl, their
// columns (core/sdk/kinds/rollout_columns.h), token data (rollout_tokens.h) and samples.jsonl.
//
// In the task's work folder each of them but samples.jsonl lies in segments: steps, rollouts,
// columns, tokens. A step's bodies and token data are appended before the columns that point to
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/sdk/kinds/rollout_columns.h"
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

// What lines are made of; outlives the log.
struct RolloutContext {
  const Dataset* dataset = nullptr;
  const model::Tokenizer* tokenizer = nullptr;
  const RlOptions* options = nullptr;
};

class RolloutLog {
 public:
  // cuts: null on a fresh start, else what cuts() gave the checkpoint. Those of a build that wrote
  // no columns are gone on with as they are: no columns, no token data, and a line in the stage's
  // log that says so.
  [[nodiscard]] static Result<RolloutLog> open(StageContext& ctx, const json::value& cuts,
                                               const RolloutContext& context);
  [[nodiscard]] Result<void> append(const StepRecord& record);
  [[nodiscard]] Result<json::value> cuts();
  // Writes all files into a new folder.
  [[nodiscard]] Result<void> assemble(const fs::path& folder);

 private:
  // The file that is in segments as `name`, and the bytes of it so far, those of earlier segments
  // included.
  struct Part {
    SegmentedLog log;
    std::uint64_t size = 0;
  };
  // What one or more groups add.
  struct Addition {
    std::string bodies;
    std::string tokens;
    std::string rows;
  };
  RolloutLog(const RolloutContext& context, Part steps, Part rollouts)
      : context_(context), steps_(std::move(steps)), rollouts_(std::move(rollouts)) {}
  [[nodiscard]] static Result<Part> open_part(const StageContext& ctx, const char* name,
                                              const json::object& cuts);
  [[nodiscard]] static Result<void> append_lines(Part& part, const std::string& lines);
  [[nodiscard]] Result<void> add(const StepRecord& record, std::size_t group, std::size_t index,
                                 std::size_t flat, bool with_tokens, Addition& addition) const;
  [[nodiscard]] Result<void> write(Addition& addition);
  [[nodiscard]] std::string sample_lines() const;

  RolloutContext context_;
  std::vector<std::string> tasks_;  // distinct, sorted
  Part steps_;
  Part rollouts_;
  std::optional<Part> columns_;  // both or none
  std::optional<Part> tokens_;
};

// Means of a step, as steps.jsonl and the metrics hold them.
[[nodiscard]] json::object step_summary(const StepRecord& record, const Dataset& dataset);

}  // namespace cairn::trainer
