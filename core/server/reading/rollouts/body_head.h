// Text members of a JSON object of which only the beginning was read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cairn::reading {

// The first bytes, at most `most` and whole code points, of a text member at the top level of the
// object that begins here; nothing where it is no text, or does not begin within what was read.
[[nodiscard]] std::optional<std::string> text_member(std::string_view head, std::string_view key,
                                                     std::size_t most);

// At most `most` bytes, and no half of a code point; of text that is valid UTF-8.
[[nodiscard]] std::string_view text_head(std::string_view text, std::size_t most);
// The last place at or before `at` where a code point begins.
[[nodiscard]] std::size_t code_point_before(std::string_view text, std::size_t at);

}  // namespace cairn::reading
