#include "plugins/report/numbers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace cairn::report {
namespace {

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

std::string fixed(double value, int decimals) {
  std::array<char, 400> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, decimals);
  std::string text(buffer.data(), end.ptr);
  if (text.starts_with('-') && text.find_first_of("123456789") == std::string::npos)
    text.erase(0, 1);
  return text;
}

std::string percent(double fraction) {
  return fixed(100 * fraction, 1);
}

std::string points(double difference) {
  std::string text = percent(difference);
  return text.starts_with('-') ? text : "+" + text;
}

Ticks ticks_over(double low, double high, int count) {
  if (high <= low) {
    const double margin = std::max(std::abs(low) * 0.1, 1e-3);
    low -= margin;
    high += margin;
  }
  const double rough = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double leading = rough / power;
  const double factor = leading <= 1 ? 1 : leading <= 2 ? 2 : leading <= 5 ? 5 : 10;
  const double step = factor * power;
  Ticks ticks;
  const auto first = static_cast<std::int64_t>(std::floor(low / step + 1e-9));
  const auto last = static_cast<std::int64_t>(std::ceil(high / step - 1e-9));
  for (auto i = first; i <= last; ++i) ticks.values.push_back(static_cast<double>(i) * step);
  ticks.decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  return ticks;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return !continues(byte); }));
}

std::string clip(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if (!continues(text[end]) && ++seen == width) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace cairn::report
