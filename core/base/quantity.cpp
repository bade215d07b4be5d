#include "core/base/quantity.h"

#include <charconv>
#include <cmath>
#include <initializer_list>
#include <utility>

namespace cairn {
namespace {

using Units = std::initializer_list<std::pair<std::string_view, double>>;

Result<std::uint64_t> parse_quantity(std::string_view text, Units units, const char* what,
                                     const char* example) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const std::string_view suffix(rest, static_cast<std::size_t>(end - rest));
  if (error == std::errc() && std::isfinite(number) && number >= 0) {
    for (const auto& [unit, factor] : units) {
      if (suffix != unit) continue;
      const double value = number * factor;
      if (value >= 0x1.0p63) break;
      return static_cast<std::uint64_t>(std::llround(value));
    }
  }
  return invalid_argument("'" + std::string(text) + "' is not " + what,
                          std::string("write for example ") + example);
}

constexpr double kKibi = 1024.0;

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  CAIRN_ASSIGN(
      const std::uint64_t millis,
      parse_quantity(text, {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}},
                     "a duration", "10s, 5m or 12h"));
  return Duration(static_cast<Duration::rep>(millis));
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  if (text.ends_with('B') && text.size() > 1) text.remove_suffix(1);
  return parse_quantity(text,
                        {{"", 1},
                         {"k", 1e3},
                         {"K", 1e3},
                         {"M", 1e6},
                         {"G", 1e9},
                         {"T", 1e12},
                         {"Ki", kKibi},
                         {"Mi", kKibi * kKibi},
                         {"Gi", kKibi * kKibi * kKibi},
                         {"Ti", kKibi * kKibi * kKibi * kKibi}},
                        "a number of bytes", "512Mi or 2Gi");
}

Result<std::uint64_t> parse_tokens(std::string_view text) {
  return parse_quantity(text, {{"", 1}, {"k", 1e3}, {"K", 1e3}, {"M", 1e6}}, "a number of tokens",
                        "20000 or 20k");
}

}  // namespace cairn
