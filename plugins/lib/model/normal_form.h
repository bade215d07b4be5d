// Text as tokenizers want it: valid UTF-8, in normal form C.
#pragma once

#include <string>
#include <string_view>

#include "plugins/lib/model/alignment.h"

namespace cairn::model {

// Valid UTF-8: each maximal part of a broken code point becomes U+FFFD. With `from`, tells which
// stretches changed.
[[nodiscard]] std::string lossy_utf8(std::string_view bytes, Alignment* from = nullptr);

// How many bytes at the end begin a code point whose rest may still come: 0 to 3.
[[nodiscard]] std::size_t unfinished_bytes(std::string_view bytes);

// True where NFC surely leaves valid UTF-8 as it is; false where it may not. Reads a gigabyte of
// ASCII a second and more.
[[nodiscard]] bool surely_nfc(std::string_view text);
// NFC of valid UTF-8 (ICU's Unicode version).
[[nodiscard]] std::string nfc(std::string_view text, Alignment* from = nullptr);

}  // namespace cairn::model
