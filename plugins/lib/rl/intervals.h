// Bootstrap 95 % intervals of means, single and paired, with keyed draws.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/random.h"

namespace cairn::rl {

struct Interval {
  double mean = 0;
  double low = 0;
  double high = 0;
  [[nodiscard]] double half_width() const { return (high - low) / 2; }
};

// Percentile bootstrap of the mean: resamples of the same size with replacement, quantiles 2.5 %
// and 97.5 % with linear interpolation. Equal streams give equal intervals; empty values give
// zeros.
[[nodiscard]] Interval bootstrap_mean(const std::vector<double>& values, RandomStream stream,
                                      int resamples = 2000);
// Draws keyed by the seed and the number of values.
[[nodiscard]] Interval bootstrap_mean(const std::vector<double>& values, std::uint64_t seed,
                                      int resamples = 2000);
// Of the mean of b[i] - a[i]; both have the same items in the same order.
[[nodiscard]] Interval bootstrap_paired(const std::vector<double>& a, const std::vector<double>& b,
                                        std::uint64_t seed, int resamples = 2000);

}  // namespace cairn::rl
