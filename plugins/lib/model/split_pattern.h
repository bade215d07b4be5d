// Cutting text into the pieces that BPE merges within.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace cairn::model {

// The Qwen2 pattern: contractions, words with one leading sign, every digit alone, runs of other
// signs, line ends, white space.
extern const char* const kQwen2Pattern;
extern const char* const kGpt2Pattern;

// A compiled regular expression. \s and \S mean Unicode's White_Space, as in the reference.
// Thread-safe.
class SplitPattern {
 public:
  [[nodiscard]] static Result<SplitPattern> compile(const std::string& pattern);
  SplitPattern(SplitPattern&&) noexcept;
  SplitPattern& operator=(SplitPattern&&) noexcept;
  ~SplitPattern();

  // Matches and what lies between them, each a piece, in order ("isolated"). `text` is valid UTF-8.
  void split(std::string_view text, std::vector<std::string_view>& pieces) const;

 private:
  struct Impl;
  explicit SplitPattern(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Valid UTF-8: each maximal part of a broken code point becomes U+FFFD.
[[nodiscard]] std::string lossy_utf8(std::string_view bytes);
// NFC of valid UTF-8.
[[nodiscard]] std::string nfc(std::string_view text);

// The byte alphabet of GPT-2: each byte's printable code point. Printable ASCII and Latin-1 stand
// for themselves, the other bytes follow from U+0100 on.
[[nodiscard]] char32_t alphabet_char(unsigned char byte);
// "Ġthe" -> " the"; characters outside the alphabet stay as their own UTF-8.
[[nodiscard]] std::string alphabet_to_bytes(std::string_view token);
[[nodiscard]] std::string bytes_to_alphabet(std::string_view bytes);

}  // namespace cairn::model
