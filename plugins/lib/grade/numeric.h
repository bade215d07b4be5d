// Numbers in answers: parsed, never evaluated as code.
#pragma once

#include <optional>
#include <string_view>

namespace cairn::grade {

// The one number of a text. Read: currency signs, thousands separators in groups of three, scale
// words thousand to trillion, percent, - and U+2212, negatives in parentheses, e-notation, units
// and words around it.
struct Number {
  double value = 0;      // percent already divided by 100
  bool percent = false;  // value * 100 is the number as written
};

// Nothing where the text holds no number, several, a malformed or an infinite one.
[[nodiscard]] std::optional<Number> parse_number(std::string_view text);

// |prediction - gold| <= relative_tolerance * |gold|, up to 1e-9 relative for rounding of doubles.
// Where only one side has a percent sign, the number before it may also be meant.
[[nodiscard]] bool numbers_equal(std::string_view prediction, std::string_view gold,
                                 double relative_tolerance);

}  // namespace cairn::grade
