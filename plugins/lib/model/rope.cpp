#include "plugins/lib/model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cairn::model {
namespace {

// The pair of dimensions that turns `turns` times within the original window.
double dimension_of(double turns, const ModelConfig& config) {
  const auto window = static_cast<double>(config.yarn->original_positions);
  return static_cast<double>(config.head_dim) * std::log(window / (turns * 2 * std::numbers::pi)) /
         (2 * std::log(config.rope_theta));
}

// 0 for pairs that turn often (kept), 1 for those that turn seldom (divided by the factor), a
// straight line between.
at::Tensor slowness(const ModelConfig& config) {
  const double last = static_cast<double>(config.head_dim) - 1;
  const double low = std::max(std::floor(dimension_of(config.yarn->beta_fast, config)), 0.0);
  double high = std::min(std::ceil(dimension_of(config.yarn->beta_slow, config)), last);
  if (low == high) high += 0.001;
  return ((at::arange(config.head_dim / 2, at::kFloat) - low) / (high - low)).clamp(0, 1);
}

}  // namespace

at::Tensor inverse_frequencies(const ModelConfig& config) {
  const at::Tensor exponents = at::arange(0, config.head_dim, 2, at::kLong).to(at::kFloat) /
                               static_cast<double>(config.head_dim);
  const at::Tensor powers = at::pow(config.rope_theta, exponents).to(at::kFloat);
  if (!config.yarn) return 1.0 / powers;
  const at::Tensor slow = 1.0 / (config.yarn->factor * powers);
  const at::Tensor kept = 1 - slowness(config);
  return slow * (1 - kept) + (1.0 / powers) * kept;
}

double rotary_scale(const ModelConfig& config) {
  if (!config.yarn) return 1.0;
  if (config.yarn->attention_factor) return *config.yarn->attention_factor;
  return config.yarn->factor <= 1 ? 1.0 : 0.1 * std::log(config.yarn->factor) + 1.0;
}

RotaryTable rotary_table(const ModelConfig& config, std::int64_t positions,
                         const at::Device& device) {
  const at::Tensor angles =
      at::arange(positions, at::kFloat).unsqueeze(1) * inverse_frequencies(config).unsqueeze(0);
  const double scale = rotary_scale(config);
  at::Tensor cosines = angles.cos();
  at::Tensor sines = angles.sin();
  if (scale != 1.0) {
    cosines.mul_(scale);
    sines.mul_(scale);
  }
  return {cosines.to(device), sines.to(device)};
}

}  // namespace cairn::model
