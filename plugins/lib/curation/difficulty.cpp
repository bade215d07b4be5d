#include "plugins/lib/curation/difficulty.h"

#include <algorithm>
#include <cmath>

#include "plugins/lib/curation/balance.h"

namespace cairn::curation {
namespace {

constexpr const char* kSurplus = "more of this difficulty than wanted";

double rate_of(const text::QaRecord& record) {
  return record.pass_rate.value_or(0);
}

// How many each bin of a task gives, empty bins left out of the comparison.
std::vector<std::int64_t> bin_parts(const std::vector<std::vector<std::size_t>>& bins,
                                    const DifficultyOptions& options) {
  std::vector<std::int64_t> available;
  std::int64_t smallest = 0;
  for (const auto& bin : bins) {
    const auto count = static_cast<std::int64_t>(bin.size());
    available.push_back(count);
    if (count > 0 && (smallest == 0 || count < smallest)) smallest = count;
  }
  if (options.bin_ratio > 0) {
    const auto cap = static_cast<std::int64_t>(
        std::floor(static_cast<double>(smallest) * std::max(1.0, options.bin_ratio)));
    for (std::int64_t& count : available) count = std::min(count, cap);
  }
  return spread(available, options.per_task);
}

void draw_from_bins(const Records& records, const std::vector<std::size_t>& task,
                    const DifficultyOptions& options, Verdicts& verdicts) {
  std::vector<std::vector<std::size_t>> bins(options.bins);
  for (const std::size_t i : task) bins[bin_of(rate_of(records[i]), options.bins)].push_back(i);
  const std::vector<std::int64_t> parts = bin_parts(bins, options);
  for (std::size_t b = 0; b < bins.size(); ++b) {
    for (auto n = static_cast<std::size_t>(parts[b]); n < bins[b].size(); ++n) {
      verdicts[bins[b][n]].reason = kSurplus;
    }
  }
}

void take_hardest(const Records& records, std::vector<std::size_t> task,
                  const DifficultyOptions& options, Verdicts& verdicts) {
  if (options.per_task <= 0) return;
  std::ranges::stable_sort(task, {}, [&](std::size_t i) { return rate_of(records[i]); });
  for (auto n = static_cast<std::size_t>(options.per_task); n < task.size(); ++n) {
    verdicts[task[n]].reason = kSurplus;
  }
}

}  // namespace

double pass_at_k(std::int64_t samples, std::int64_t right, std::int64_t k) {
  // C(n - c, k) / C(n, k) as a product, which neither overflows nor cancels.
  double all_wrong = 1;
  for (std::int64_t i = 0; i < k; ++i) {
    all_wrong *= static_cast<double>(std::max<std::int64_t>(0, samples - right - i)) /
                 static_cast<double>(samples - i);
  }
  return 1 - all_wrong;
}

std::size_t bin_of(double rate, std::size_t bins) {
  const double at = std::clamp(rate, 0.0, 1.0) * static_cast<double>(bins);
  return std::min(static_cast<std::size_t>(at), bins - 1);
}

Verdicts by_difficulty(const Records& records, const DifficultyOptions& options) {
  Verdicts verdicts(records.size());
  std::vector<std::string> ids;
  for (const auto& record : records) ids.push_back(record.id);
  std::map<std::string, std::vector<std::size_t>> tasks;
  for (const std::size_t i : drawn_order(ids, options.seed, "difficulty")) {
    const double rate = rate_of(records[i]);
    if (rate < options.low) {
      verdicts[i].reason = "too hard";
    } else if (rate > options.high) {
      verdicts[i].reason = "too easy";
    } else {
      tasks[records[i].task].push_back(i);
    }
  }
  for (const auto& [task, members] : tasks) {
    if (options.hardest_first) {
      take_hardest(records, members, options, verdicts);
    } else {
      draw_from_bins(records, members, options, verdicts);
    }
  }
  return verdicts;
}

}  // namespace cairn::curation
