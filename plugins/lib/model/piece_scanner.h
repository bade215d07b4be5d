// The split patterns of published tokenizers, written out by hand: what PCRE2 finds, ten times as
// fast.
#pragma once

#include <optional>
#include <string_view>

#include "plugins/lib/model/char_class.h"

namespace cairn::model {

// Cuts valid UTF-8 into pieces that cover it without gaps. Immutable.
class PieceScanner {
 public:
  enum class Rule {
    kWords,   // Qwen2's pattern, or the same with \p{N}{1,3} for \p{N} (kQwen2Pattern)
    kGpt2,    // kGpt2Pattern
    kDigit,   // every number alone, and what lies between numbers
    kDigits,  // runs of numbers, and what lies between them
  };

  // The scanner for a pattern spelled exactly as published; nothing for any other.
  [[nodiscard]] static std::optional<PieceScanner> for_pattern(std::string_view pattern);
  explicit PieceScanner(Rule rule, std::size_t most_digits = 1)
      : rule_(rule), most_digits_(most_digits) {}

  // The end of the piece that begins at `at` < text.size(), where a piece begins.
  [[nodiscard]] std::size_t end_of_piece(std::string_view text, std::size_t at) const;

 private:
  // Past the run of code points whose class has (or, for signs, lacks all of) these bits.
  [[nodiscard]] std::size_t past(std::string_view text, std::size_t at, std::uint8_t bits) const;
  [[nodiscard]] std::size_t past_signs(std::string_view text, std::size_t at) const;
  [[nodiscard]] std::uint8_t class_at(std::string_view text, std::size_t at) const;
  [[nodiscard]] std::size_t end_of_word(std::string_view text, std::size_t at) const;
  [[nodiscard]] std::size_t end_of_gpt2(std::string_view text, std::size_t at) const;
  [[nodiscard]] std::size_t end_of_space(std::string_view text, std::size_t at,
                                         bool lines_apart) const;
  [[nodiscard]] std::size_t end_of_number(std::string_view text, std::size_t at) const;

  Rule rule_;
  std::size_t most_digits_;
  const CharClasses* classes_ = &CharClasses::get();
};

}  // namespace cairn::model
