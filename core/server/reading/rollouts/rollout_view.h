// RolloutView: the rows of an artifact or a running task at one moment, and where their bodies and
// token data lie.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"
#include "core/sdk/kinds/rollout_columns.h"
#include "core/server/reading/rollouts/read_file.h"

namespace cairn::reading {

// What the codes of rows stand for. Immutable, thread-safe.
class SampleTable {
 public:
  // detailed: record and prompt_tokens are known.
  SampleTable(std::vector<RolloutSample> samples, bool detailed);
  [[nodiscard]] const std::vector<RolloutSample>& samples() const { return samples_; }
  [[nodiscard]] const std::vector<std::string>& tasks() const { return tasks_; }
  [[nodiscard]] std::optional<std::uint32_t> find_sample(const std::string& id) const;
  [[nodiscard]] std::optional<std::uint16_t> find_task(const std::string& name) const;
  [[nodiscard]] bool knows(const RolloutRow& row) const {
    return row.sample < samples_.size() && row.task < tasks_.size();
  }
  [[nodiscard]] json::object to_json(std::uint32_t sample) const;

 private:
  std::vector<RolloutSample> samples_;
  std::vector<std::uint32_t> by_id_;
  std::vector<std::string> tasks_;  // distinct, sorted
  bool detailed_;
};
// Of a samples.jsonl.
[[nodiscard]] Result<std::shared_ptr<const SampleTable>> read_samples(const fs::path& file);

// The rows of one step, which stand together.
struct StepRows {
  std::int64_t step = 0;
  std::int64_t last_step = 0;  // that of the last step joined to it
  std::uint64_t first = 0;     // row
  std::uint64_t count = 0;
  double reward_sum = 0;
  double reward_min = 0;
  double reward_max = 0;
  double entropy_sum = 0;
  std::uint64_t entropies = 0;  // those that are numbers
  std::uint64_t tokens = 0;
  std::uint64_t truncated = 0;
  std::uint64_t dropped = 0;

  void join(const StepRows& later);
};
// Adds a row behind the others. Errors: a step smaller than the last.
[[nodiscard]] Result<void> add_row(const RolloutRow& row, std::uint64_t number,
                                   std::vector<StepRows>& steps);

// Rows that lie in one file, or in memory.
struct RolloutPart {
  std::shared_ptr<const ReadFile> columns;  // null: rows
  std::shared_ptr<const std::vector<RolloutRow>> rows;
  std::shared_ptr<const ReadFile> bodies;
  std::shared_ptr<const ReadFile> tokens;  // may be null
  std::uint64_t body_base = 0;  // offset of the first byte of the files in the joined ones
  std::uint64_t token_base = 0;
  std::uint64_t first = 0;  // number of the first row
  std::uint64_t count = 0;
};

// Immutable, thread-safe.
class RolloutView {
 public:
  // steps: of all parts, in order.
  RolloutView(std::vector<RolloutPart> parts, std::vector<StepRows> steps,
              std::shared_ptr<const SampleTable> samples, std::vector<std::string> notes);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::vector<StepRows>& steps() const { return steps_; }
  [[nodiscard]] const SampleTable& samples() const { return *samples_; }
  // What a reader should know about how it was read.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  // Rows [first, last) in order, until `each` returns false.
  using EachRow = std::function<bool(std::uint64_t number, const RolloutRow& row)>;
  [[nodiscard]] Result<void> scan(std::uint64_t first, std::uint64_t last,
                                  const EachRow& each) const;
  // kNotFound beyond the last.
  [[nodiscard]] Result<RolloutRow> row(std::uint64_t number) const;
  // Rows [first, last) of the steps from..to, inclusive.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> rows_of_steps(std::int64_t from,
                                                                      std::int64_t to) const;

  // The line, or its first bytes.
  [[nodiscard]] Result<std::string> body(std::uint64_t number, const RolloutRow& row) const;
  [[nodiscard]] Result<std::string> body_head(std::uint64_t number, const RolloutRow& row,
                                              std::size_t most) const;
  // Lines of rows that follow each other, as one piece where they lie together.
  [[nodiscard]] Result<std::vector<std::string>> bodies(std::uint64_t first,
                                                        const std::vector<RolloutRow>& rows) const;
  // Only of a row with kTokens.
  [[nodiscard]] Result<std::string> token_block(std::uint64_t number, const RolloutRow& row) const;

 private:
  [[nodiscard]] const RolloutPart& part_of(std::uint64_t number) const;
  std::vector<RolloutPart> parts_;
  std::vector<StepRows> steps_;
  std::shared_ptr<const SampleTable> samples_;
  std::vector<std::string> notes_;
  std::uint64_t size_ = 0;
};

}  // namespace cairn::reading
