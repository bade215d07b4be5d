#include "plugins/report/comparison.h"

#include "plugins/lib/rl/intervals.h"

namespace cairn::report {
namespace {

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

Difference paired_difference(const Evaluation& from, const Evaluation& to, const std::string& task,
                             int resamples, RandomStream random) {
  Difference difference{from.name, to.name, task};
  const auto values = item_differences(from.items, to.items, task);
  if (values.empty()) return difference;
  difference.n = static_cast<std::int64_t>(values.size());
  const auto interval = rl::bootstrap_mean(values, random, resamples);
  difference.mean = interval.mean;
  difference.low = interval.low;
  difference.high = interval.high;
  return difference;
}

}  // namespace cairn::report
