// How the report writes numbers: the same bytes in every locale.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cairn::report {

[[nodiscard]] std::string fixed(double value, int decimals);
// 0.4523 -> "45.2"
[[nodiscard]] std::string percent(double fraction);
// 0.031 -> "+3.1", -0.031 -> "-3.1": points of percent, with their sign.
[[nodiscard]] std::string points(double difference);

struct Ticks {
  std::vector<double> values;  // ascending, steps of 1, 2 or 5 times a power of ten
  int decimals = 0;            // that tell neighbours apart
};
// Round values that cover [low, high], about `count` of them.
[[nodiscard]] Ticks ticks_over(double low, double high, int count);

// Counted in code points; longer text ends with "…".
[[nodiscard]] std::string clip(std::string_view text, std::size_t width);
[[nodiscard]] std::size_t width_of(std::string_view text);

}  // namespace cairn::report
