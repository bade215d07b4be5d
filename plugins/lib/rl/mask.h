// Negative-gradient clipping by entropy (RECIPE §3; Eqs. 8 and 9, Table 4).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace cairn::rl {

// One per response of the batch, in nats, one value per response token.
using Entropies = std::vector<std::vector<double>>;
// 1: the token's gradient counts; 0: it does not.
using TokenMask = std::vector<std::vector<std::uint8_t>>;

struct MaskRule {
  enum class Level { kToken, kSequence };
  enum class Side { kHigh, kLow };
  Level level = Level::kToken;
  Side side = Side::kHigh;
  // Absolute threshold in nats; without it, a quantile of this batch that selects `share`: at
  // 1 - share for kHigh, at share for kLow, over all tokens or all sequence means.
  std::optional<double> tau;
  double share = 0.2;
};

// Mean over each response's tokens; 0 for an empty response.
[[nodiscard]] std::vector<double> sequence_means(const Entropies& entropies);
// Mean over sequences of the sequence means (Eq. 11).
[[nodiscard]] double batch_entropy(const Entropies& entropies);
// Mean over all tokens, as veRL reports it.
[[nodiscard]] double token_entropy(const Entropies& entropies);

// Linear interpolation between neighbours at position p * (n - 1). values must not be empty.
[[nodiscard]] double quantile(std::vector<double> values, double p);

[[nodiscard]] double mask_threshold(const Entropies& entropies, const MaskRule& rule);

// Only responses with a negative advantage are masked; comparisons are strict.
[[nodiscard]] TokenMask entropy_mask(const Entropies& entropies,
                                     const std::vector<double>& advantages, const MaskRule& rule);

}  // namespace cairn::rl
