// Numbers in names and cursors.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace cairn {

// Nothing where the text is anything but one number of the type.
template <typename Number>
[[nodiscard]] std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace cairn
