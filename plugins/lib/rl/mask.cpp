#include "plugins/lib/rl/mask.h"

#include <algorithm>
#include <cmath>

namespace cairn::rl {

std::vector<double> sequence_means(const Entropies& entropies) {
  std::vector<double> means;
  means.reserve(entropies.size());
  for (const auto& tokens : entropies) {
    double sum = 0;
    for (double entropy : tokens) sum += entropy;
    means.push_back(tokens.empty() ? 0.0 : sum / static_cast<double>(tokens.size()));
  }
  return means;
}

double batch_entropy(const Entropies& entropies) {
  double sum = 0;
  for (double mean : sequence_means(entropies)) sum += mean;
  return entropies.empty() ? 0.0 : sum / static_cast<double>(entropies.size());
}

double token_entropy(const Entropies& entropies) {
  double sum = 0;
  std::size_t count = 0;
  for (const auto& tokens : entropies) {
    for (double entropy : tokens) sum += entropy;
    count += tokens.size();
  }
  return count == 0 ? 0.0 : sum / static_cast<double>(count);
}

double quantile(std::vector<double> values, double p) {
  std::ranges::sort(values);
  const double position = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (position - std::floor(position));
}

double mask_threshold(const Entropies& entropies, const MaskRule& rule) {
  if (rule.tau) return *rule.tau;
  std::vector<double> values;
  if (rule.level == MaskRule::Level::kSequence) {
    values = sequence_means(entropies);
  } else {
    for (const auto& tokens : entropies) values.insert(values.end(), tokens.begin(), tokens.end());
  }
  if (values.empty()) return 0;
  return quantile(std::move(values),
                  rule.side == MaskRule::Side::kHigh ? 1.0 - rule.share : rule.share);
}

TokenMask entropy_mask(const Entropies& entropies, const std::vector<double>& advantages,
                       const MaskRule& rule) {
  const double tau = mask_threshold(entropies, rule);
  const auto means = sequence_means(entropies);
  TokenMask mask;
  mask.reserve(entropies.size());
  for (std::size_t i = 0; i < entropies.size(); ++i) {
    auto& row = mask.emplace_back(entropies[i].size(), std::uint8_t{1});
    if (!(advantages[i] < 0)) continue;
    for (std::size_t t = 0; t < row.size(); ++t) {
      const double entropy = rule.level == MaskRule::Level::kSequence ? means[i] : entropies[i][t];
      const bool beyond = rule.side == MaskRule::Side::kHigh ? entropy > tau : entropy < tau;
      if (beyond) row[t] = 0;
    }
  }
  return mask;
}

}  // namespace cairn::rl
