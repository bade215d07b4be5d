// How hard a record is for a model, and which difficulties stay (RECIPE §2 "Curation").
#pragma once

#include <cstdint>
#include <vector>

#include "plugins/lib/curation/ledger.h"

namespace cairn::curation {

// The chance that at least one of k samples is right, from `right` of `samples` (Chen et al. 2021,
// unbiased): 1 - C(samples - right, k) / C(samples, k). 1 <= k <= samples.
[[nodiscard]] double pass_at_k(std::int64_t samples, std::int64_t right, std::int64_t k);

// Which of `bins` equal parts of [0, 1] a rate lies in; 1 belongs to the last.
[[nodiscard]] std::size_t bin_of(double rate, std::size_t bins);

struct DifficultyOptions {
  double low = 0;  // pass rates outside [low, high] go
  double high = 1;
  std::size_t bins = 5;
  std::int64_t per_task = 0;  // of each task, drawn evenly from its bins; 0: no limit
  double bin_ratio = 0;  // a bin holds at most this times the smallest of its task; 0: no limit
  bool hardest_first = false;  // per_task takes the lowest pass rates instead of drawing
  std::uint64_t seed = 0;
};

//   "too hard", "too easy"   outside [low, high]
//   "more of this difficulty than wanted"
// Every record has a pass_rate.
[[nodiscard]] Verdicts by_difficulty(const Records& records, const DifficultyOptions& options);

}  // namespace cairn::curation
