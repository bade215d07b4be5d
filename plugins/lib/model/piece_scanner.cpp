#include "plugins/lib/model/piece_scanner.h"

#include <string>

#include "plugins/lib/model/split_pattern.h"

namespace cairn::model {
namespace {

constexpr std::uint8_t kClass = kLetter | kNumber | kSpace;

bool is_line_end(char c) {
  return c == '\r' || c == '\n';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// The length of 's, 't, 're, 've, 'm, 'll or 'd at `at`, where an apostrophe stands; 0 if none.
std::size_t contraction(std::string_view text, std::size_t at, bool any_case) {
  if (at + 1 >= text.size()) return 0;
  const auto letter = [&](std::size_t i) {
    if (at + i >= text.size()) return '\0';
    return any_case ? lower(text[at + i]) : text[at + i];
  };
  switch (letter(1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return letter(2) == 'e' ? 3 : 0;
    case 'l':
      return letter(2) == 'l' ? 3 : 0;
    default:  // the long s is an s in another case
      return any_case && text.substr(at + 1).starts_with("\xc5\xbf") ? 3 : 0;
  }
}

std::size_t size_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

}  // namespace

std::optional<PieceScanner> PieceScanner::for_pattern(std::string_view pattern) {
  if (pattern == kQwen2Pattern) return PieceScanner(Rule::kWords, 1);
  if (pattern == kGpt2Pattern) return PieceScanner(Rule::kGpt2);
  std::string three = kQwen2Pattern;
  three.replace(three.find("|\\p{N}|"), 7, "|\\p{N}{1,3}|");
  if (pattern == three) return PieceScanner(Rule::kWords, 3);
  return std::nullopt;
}

std::uint8_t PieceScanner::class_at(std::string_view text, std::size_t at) const {
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte < 0x80 ? classes_->of_ascii(byte) : classes_->of(code_point_at(text, at).value);
}

std::size_t PieceScanner::past(std::string_view text, std::size_t at, std::uint8_t bits) const {
  while (at < text.size() && (class_at(text, at) & bits) != 0) at += size_at(text, at);
  return at;
}

std::size_t PieceScanner::past_signs(std::string_view text, std::size_t at) const {
  while (at < text.size() && (class_at(text, at) & kClass) == 0) at += size_at(text, at);
  return at;
}

// \s*[\r\n]+ (where lines stand apart), then \s+(?!\S), then \s+.
std::size_t PieceScanner::end_of_space(std::string_view text, std::size_t at,
                                       bool lines_apart) const {
  std::size_t last = at;  // where the last of the run begins
  std::size_t line = at;  // past the last line end
  std::size_t end = at;
  while (end < text.size() && (class_at(text, end) & kSpace) != 0) {
    last = end;
    end += size_at(text, end);
    if (is_line_end(text[last])) line = end;
  }
  if (lines_apart && line > at) return line;
  return end < text.size() && last > at ? last : end;
}

std::size_t PieceScanner::end_of_number(std::string_view text, std::size_t at) const {
  for (std::size_t digits = 0; digits < most_digits_ && at < text.size(); ++digits) {
    if ((class_at(text, at) & kNumber) == 0) break;
    at += size_at(text, at);
  }
  return at;
}

std::size_t PieceScanner::end_of_word(std::string_view text, std::size_t at) const {
  if (text[at] == '\'') {
    if (const std::size_t length = contraction(text, at, true); length > 0) return at + length;
  }
  const std::uint8_t first = class_at(text, at);
  const std::size_t second = at + size_at(text, at);
  if ((first & kLetter) != 0) return past(text, second, kLetter);
  if ((first & kNumber) != 0) return end_of_number(text, at);
  const std::uint8_t next = second < text.size() ? class_at(text, second) : kSpace;
  if ((next & kLetter) != 0 && !is_line_end(text[at])) return past(text, second, kLetter);
  std::size_t end = at;
  if ((first & kSpace) == 0) {
    end = past_signs(text, second);
  } else if (text[at] == ' ' && (next & kClass) == 0) {
    end = past_signs(text, second);
  } else {
    return end_of_space(text, at, true);
  }
  while (end < text.size() && is_line_end(text[end])) ++end;
  return end;
}

std::size_t PieceScanner::end_of_gpt2(std::string_view text, std::size_t at) const {
  if (text[at] == '\'') {
    if (const std::size_t length = contraction(text, at, false); length > 0) return at + length;
  }
  const bool leads = text[at] == ' ' && at + 1 < text.size();
  const std::size_t begin = leads ? at + 1 : at;
  const std::uint8_t first = class_at(text, begin);
  if ((first & kLetter) != 0) return past(text, begin, kLetter);
  if ((first & kNumber) != 0) return past(text, begin, kNumber);
  if ((first & kSpace) != 0) return end_of_space(text, at, false);
  return past_signs(text, begin);
}

std::size_t PieceScanner::end_of_piece(std::string_view text, std::size_t at) const {
  switch (rule_) {
    case Rule::kWords:
      return end_of_word(text, at);
    case Rule::kGpt2:
      return end_of_gpt2(text, at);
    case Rule::kDigit:
    case Rule::kDigits:
      break;
  }
  if ((class_at(text, at) & kNumber) != 0) {
    return rule_ == Rule::kDigit ? at + size_at(text, at) : past(text, at, kNumber);
  }
  while (at < text.size() && (class_at(text, at) & kNumber) == 0) at += size_at(text, at);
  return at;
}

}  // namespace cairn::model
