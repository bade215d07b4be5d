#include "plugins/lib/rl/advantage.h"

#include <cmath>
#include <map>

namespace cairn::rl {
namespace {

constexpr double kEpsilon = 1e-6;

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

// 0 where it is undefined. Equal values give exactly 0: their mean may be off by a rounding.
double deviation(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  bool equal = true;
  for (double value : values) equal = equal && value == values.front();
  if (equal) return 0;
  const double center = mean(values);
  double squares = 0;
  for (double value : values) squares += (value - center) * (value - center);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

}  // namespace

Result<AdvantageMode> parse_advantage_mode(const std::string& name) {
  if (name == "group") return AdvantageMode::kGroup;
  if (name == "task") return AdvantageMode::kTask;
  if (name == "batch") return AdvantageMode::kBatch;
  return invalid_argument("'" + name + "' is no advantage mode", "group, task or batch");
}

std::vector<std::vector<double>> advantages(const std::vector<PromptRewards>& batch,
                                            AdvantageMode mode) {
  std::map<std::string, std::vector<double>> pooled;
  for (const auto& prompt : batch) {
    if (mode == AdvantageMode::kGroup) break;
    auto& pool = pooled[mode == AdvantageMode::kTask ? prompt.task : std::string()];
    pool.insert(pool.end(), prompt.rewards.begin(), prompt.rewards.end());
  }
  std::map<std::string, double> pooled_deviation;
  for (const auto& [name, rewards] : pooled) pooled_deviation[name] = deviation(rewards);

  std::vector<std::vector<double>> result;
  result.reserve(batch.size());
  for (const auto& prompt : batch) {
    const double spread =
        mode == AdvantageMode::kGroup
            ? deviation(prompt.rewards)
            : pooled_deviation[mode == AdvantageMode::kTask ? prompt.task : std::string()];
    const double center = mean(prompt.rewards);
    auto& row = result.emplace_back();
    row.reserve(prompt.rewards.size());
    for (double reward : prompt.rewards)
      row.push_back(spread > 0 ? (reward - center) / (spread + kEpsilon) : 0.0);
  }
  return result;
}

}  // namespace cairn::rl
