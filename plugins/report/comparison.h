// Paired differences between two evaluations: the same items, so item difficulty cancels.
#pragma once

#include <string>
#include <vector>

#include "core/base/random.h"
#include "plugins/report/evidence.h"

namespace cairn::report {

struct Difference {
  std::string from;
  std::string to;
  std::string task;    // empty: all items
  std::int64_t n = 0;  // items that both have; 0: nothing to compare
  double mean = 0;     // to - from
  double low = 0;
  double high = 0;

  // Whether the interval leaves out 0.
  [[nodiscard]] bool clear() const { return n > 0 && (low > 0 || high < 0); }
};

// Over the items whose id both have, of one task or (task empty) of all.
[[nodiscard]] Difference paired_difference(const Evaluation& from, const Evaluation& to,
                                           const std::string& task, int resamples,
                                           RandomStream random);

}  // namespace cairn::report
