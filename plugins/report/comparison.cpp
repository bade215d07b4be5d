#include "plugins/report/comparison.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cairn::report {
namespace {

double quantile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const auto above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

// Scores of `to` minus scores of `from`, item by item; both lists are sorted by id.
std::vector<double> item_differences(const std::vector<Item>& from, const std::vector<Item>& to,
                                     const std::string& task) {
  std::vector<double> differences;
  auto other = from.begin();
  for (const auto& item : to) {
    while (other != from.end() && other->id < item.id) ++other;
    if (other == from.end()) break;
    if (other->id == item.id && (task.empty() || item.task == task))
      differences.push_back(item.score - other->score);
  }
  return differences;
}

}  // namespace

Interval bootstrap_mean(const std::vector<double>& values, int resamples, RandomStream& random) {
  const auto count = values.size();
  std::vector<double> means(static_cast<std::size_t>(resamples));
  for (auto& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += values[random.below(count)];
    mean = sum / static_cast<double>(count);
  }
  std::ranges::sort(means);
  return {quantile(means, 0.025), quantile(means, 0.975)};
}

Difference paired_difference(const Evaluation& from, const Evaluation& to, const std::string& task,
                             int resamples, RandomStream random) {
  Difference difference{from.name, to.name, task};
  const auto values = item_differences(from.items, to.items, task);
  if (values.empty()) return difference;
  difference.n = static_cast<std::int64_t>(values.size());
  difference.mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  const auto interval = bootstrap_mean(values, resamples, random);
  difference.low = interval.low;
  difference.high = interval.high;
  return difference;
}

}  // namespace cairn::report
