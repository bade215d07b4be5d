// The task-balanced sampler (RECIPE §3).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/random.h"
#include "core/base/result.h"

namespace cairn::rl {

// Places per task in a batch: floor(B / K) each, the remainder one each to the first tasks.
[[nodiscard]] std::vector<std::size_t> task_shares(std::size_t batch, std::size_t tasks);

// Each task is walked in its own shuffled order and reshuffled at its end without dropping the
// tail; the batch is then shuffled. No sample comes twice in one batch.
// The series is a function of (seed, tasks, batch); state() is small and complete. Not thread-safe.
class BalancedSampler {
 public:
  // tasks[i]: the task of sample i. Tasks keep the order of their names. An error when a task has
  // fewer samples than its share of one batch, or the batch has fewer places than tasks.
  // balanced false: all samples count as one task.
  [[nodiscard]] static Result<BalancedSampler> create(const std::vector<std::string>& tasks,
                                                      std::size_t batch, std::uint64_t seed,
                                                      bool balanced = true);

  // Sample indices of the next batch.
  [[nodiscard]] std::vector<std::size_t> next();

  [[nodiscard]] json::object state() const;
  [[nodiscard]] Result<void> restore(const json::object& state);

 private:
  struct Walk {
    std::string task;
    std::vector<std::size_t> samples;  // in index order
    std::size_t share = 0;
    std::uint64_t epoch = 0;
    std::size_t cursor = 0;
    std::vector<std::size_t> order;
  };
  void reshuffle(Walk& walk, const std::vector<std::size_t>& taken) const;

  std::vector<Walk> walks_;
  std::uint64_t seed_ = 0;
  std::uint64_t batches_ = 0;
};

}  // namespace cairn::rl
