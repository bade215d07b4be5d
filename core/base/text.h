// Small text helpers that more than one layer needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

// The candidate nearest to a mistyped word, if one is near enough to be meant.
// Distance: insertions, deletions, substitutions and swaps of neighbours; at most a third of the
// word's length. Equal distances: the first candidate wins.
[[nodiscard]] std::optional<std::string> nearest_word(std::string_view word,
                                                      const std::vector<std::string>& candidates);

[[nodiscard]] bool is_valid_utf8(std::string_view text);
// Invalid bytes become U+FFFD; control characters other than tab and line end are escaped \xNN.
[[nodiscard]] std::string printable(std::string_view bytes);

[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

// The shortest text that reads back as the same number: "0.4", "20000", "1e+20", "NaN".
[[nodiscard]] std::string format_number(double value);
// 1536 -> "1.5 KiB"
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);
// 65000 -> "1m 05s"
[[nodiscard]] std::string format_duration_ms(std::int64_t milliseconds);

}  // namespace cairn
