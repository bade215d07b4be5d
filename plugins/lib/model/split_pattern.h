// Cutting text into the pieces that BPE merges within, by a regular expression.
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

// A compiled regular expression of Oniguruma's Ruby syntax, as far as it means the same to PCRE2
// (\s and \S are made to mean White_Space): literals, classes, \p, \d, quantifiers, alternatives,
// (?:), (?i:), lookahead and lookbehind. Anything else is refused by name, and so are repeated
// groups, whose matching can take exponential time. Unicode version: PCRE2's. Thread-safe.
class SplitPattern {
 public:
  [[nodiscard]] static Result<SplitPattern> compile(const std::string& pattern);
  SplitPattern(SplitPattern&&) noexcept;
  SplitPattern& operator=(SplitPattern&&) noexcept;
  ~SplitPattern();

  // Matches and what lies between them, each a piece, in order ("isolated"); an empty match cuts
  // where it stands. `text` is valid UTF-8.
  void split(std::string_view text, std::vector<std::string_view>& pieces) const;

 private:
  struct Impl;
  explicit SplitPattern(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::model
