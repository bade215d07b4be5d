#include "plugins/sce_merge/sce.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace cairn::sce {
namespace {

constexpr double kMergekitFloor = 1e-6;

using Deltas = std::vector<std::vector<float>>;

Deltas differences(std::span<const float> base, std::span<const std::span<const float>> experts) {
  Deltas deltas;
  for (const auto& expert : experts) {
    auto& delta = deltas.emplace_back(base.size());
    for (std::size_t i = 0; i < base.size(); ++i) delta[i] = expert[i] - base[i];
  }
  return deltas;
}

// Population variance over the experts; exactly 0 where all are equal.
std::vector<double> variances(const Deltas& deltas) {
  const auto count = static_cast<double>(deltas.size());
  std::vector<double> result(deltas[0].size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    double mean = 0;
    for (const auto& delta : deltas) mean += delta[i];
    mean /= count;
    double sum = 0;
    for (const auto& delta : deltas) sum += (delta[i] - mean) * (delta[i] - mean);
    result[i] = sum / count;
  }
  return result;
}

std::vector<std::uint8_t> select(const Deltas& deltas, const Options& options, Stats& stats) {
  const auto variance = variances(deltas);
  stats.nonzero = std::ranges::count_if(variance, [](double v) { return v != 0; });
  stats.selected = select_count(stats.nonzero, options);
  std::vector<std::uint8_t> mask(variance.size(), 0);
  if (stats.selected == 0) return mask;
  auto ranked = variance;
  const auto last = ranked.begin() + (stats.selected - 1);
  std::nth_element(ranked.begin(), last, ranked.end(), std::greater<>());
  const double threshold = *last;
  auto ties =
      stats.selected - std::ranges::count_if(variance, [&](double v) { return v > threshold; });
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (variance[i] > threshold) {
      mask[i] = 1;
    } else if (variance[i] == threshold && ties > 0) {
      mask[i] = 1;
      --ties;
    }
  }
  return mask;
}

// mean(delta^2) of what Select kept, normalised over the experts.
std::vector<double> calculate(const Deltas& deltas, const std::vector<std::uint8_t>& mask,
                              Variant variant, Stats& stats) {
  std::vector<double> weights;
  double kept = 0;
  for (const auto& delta : deltas) {
    double all = 0;
    double chosen = 0;
    for (std::size_t i = 0; i < delta.size(); ++i) {
      const double square = static_cast<double>(delta[i]) * delta[i];
      all += square;
      if (mask.empty() || mask[i] != 0) chosen += square;
    }
    stats.delta_squares += all;
    kept += chosen;
    weights.push_back(delta.empty() ? 0 : chosen / static_cast<double>(delta.size()));
  }
  if (variant != Variant::kFuseChat) stats.dropped_squares = stats.delta_squares - kept;
  double sum = 0;
  for (double weight : weights) sum += weight;
  const bool uniform = variant == Variant::kMergekit ? sum < kMergekitFloor : sum == 0;
  for (double& weight : weights)
    weight = uniform ? 1.0 / static_cast<double>(weights.size()) : weight / sum;
  return weights;
}

}  // namespace

Result<Variant> parse_variant(const std::string& name) {
  if (name == "cairn") return Variant::kCairn;
  if (name == "mergekit") return Variant::kMergekit;
  if (name == "fusechat") return Variant::kFuseChat;
  return invalid_argument("unknown variant '" + name + "'", "use cairn, mergekit or fusechat");
}

std::int64_t select_count(std::int64_t nonzero, const Options& options) {
  if (options.variant == Variant::kCairn)
    return static_cast<std::int64_t>(static_cast<double>(nonzero) * options.select_topk);
  const float product = static_cast<float>(nonzero) * static_cast<float>(options.select_topk);
  return std::min(nonzero, static_cast<std::int64_t>(product));
}

Merged merge_tensor(std::span<const float> base, std::span<const std::span<const float>> experts,
                    const Options& options) {
  Merged merged;
  const Deltas deltas = differences(base, experts);
  std::vector<std::uint8_t> mask;
  if (options.select_topk < 1) mask = select(deltas, options, merged.stats);
  merged.stats.weights = calculate(deltas, mask, options.variant, merged.stats);
  if (options.variant == Variant::kFuseChat) mask.clear();

  merged.values.assign(base.begin(), base.end());
  for (std::size_t i = 0; i < base.size(); ++i) {
    if (!mask.empty() && mask[i] == 0) continue;
    double sum = 0;
    for (const auto& delta : deltas) sum += delta[i];
    double weighted = 0;
    double divisor = 0;
    for (std::size_t m = 0; m < deltas.size(); ++m) {
      const float delta = deltas[m][i];
      if (sum >= 0 ? delta <= 0 : delta >= 0) continue;
      weighted += merged.stats.weights[m] * delta;
      divisor += merged.stats.weights[m];
    }
    if (options.variant == Variant::kMergekit) divisor = std::max(divisor, kMergekitFloor);
    if (divisor > 0) merged.values[i] = static_cast<float>(base[i] + weighted / divisor);
  }
  return merged;
}

}  // namespace cairn::sce
