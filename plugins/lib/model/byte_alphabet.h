// The byte alphabet of GPT-2: how byte-level vocabularies spell tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cairn::model {

// Each byte's printable code point: printable ASCII and Latin-1 stand for themselves, the other
// bytes follow from U+0100 on.
[[nodiscard]] char32_t alphabet_char(unsigned char byte);
[[nodiscard]] std::string bytes_to_alphabet(std::string_view bytes);
// "Ġthe" -> " the"; nothing for a token with a character outside the alphabet.
[[nodiscard]] std::optional<std::string> alphabet_to_bytes(std::string_view token);

}  // namespace cairn::model
