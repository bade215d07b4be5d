// Reads rows of a columns file that may still grow, and sums up their steps.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/server/reading/rollouts/rollout_view.h"

namespace cairn::reading {

class RowReader {
 public:
  explicit RowReader(const SampleTable& samples) : samples_(&samples) {}
  // Goes on behind what was read; stops at the first row that is not whole, that no sample knows,
  // that goes back in steps or whose body does not follow that of the row before.
  [[nodiscard]] Result<void> read(const ReadFile& columns);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  // Rows are numbered within the file.
  [[nodiscard]] const std::vector<StepRows>& steps() const { return steps_; }
  // Of the first row; meaningless without rows.
  [[nodiscard]] std::uint64_t body_base() const { return body_base_; }
  [[nodiscard]] std::uint64_t token_base() const { return token_base_; }
  // Offset behind the last row's body and its line end; 0 without rows.
  [[nodiscard]] std::uint64_t body_end() const { return body_end_; }

 private:
  [[nodiscard]] bool add(const RolloutRow& row);
  const SampleTable* samples_;
  std::uint64_t count_ = 0;
  std::uint64_t body_base_ = 0;
  std::uint64_t token_base_ = 0;
  std::uint64_t body_end_ = 0;
  std::vector<StepRows> steps_;
};

}  // namespace cairn::reading
