#include "plugins/lib/rl/intervals.h"

#include "plugins/lib/rl/mask.h"

namespace cairn::rl {

Interval bootstrap_mean(const std::vector<double>& values, RandomStream stream, int resamples) {
  if (values.empty()) return {};
  Interval interval;
  for (double value : values) interval.mean += value;
  interval.mean /= static_cast<double>(values.size());
  std::vector<double> means;
  means.reserve(static_cast<std::size_t>(resamples));
  for (int r = 0; r < resamples; ++r) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[stream.below(values.size())];
    means.push_back(sum / static_cast<double>(values.size()));
  }
  interval.low = quantile(means, 0.025);
  interval.high = quantile(std::move(means), 0.975);
  return interval;
}

Interval bootstrap_mean(const std::vector<double>& values, std::uint64_t seed, int resamples) {
  return bootstrap_mean(values, RandomStream(seed, "bootstrap", {values.size()}), resamples);
}

Interval bootstrap_paired(const std::vector<double>& a, const std::vector<double>& b,
                          std::uint64_t seed, int resamples) {
  std::vector<double> differences;
  differences.reserve(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(b[i] - a[i]);
  return bootstrap_mean(differences, seed, resamples);
}

}  // namespace cairn::rl
