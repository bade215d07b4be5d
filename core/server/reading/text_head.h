// Texts cut between characters. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace cairn {

// The last place at or before `at` where a character begins; of text that is valid UTF-8.
[[nodiscard]] inline std::size_t code_point_before(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

// At most `most` bytes, and no half of a character.
[[nodiscard]] inline std::string_view text_head(std::string_view text, std::size_t most) {
  return text.substr(0, code_point_before(text, most));
}

}  // namespace cairn
