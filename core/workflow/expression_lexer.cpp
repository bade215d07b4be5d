#include "core/workflow/expression_lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace cairn {
namespace {

bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

bool ExpressionLexer::fail(std::size_t offset, std::string message, std::string hint) {
  *error_ = {offset, std::move(message), std::move(hint)};
  return false;
}

bool ExpressionLexer::advance() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
    ++at_;
  token_ = ExpressionToken{ExpressionToken::Kind::kEnd, at_, "", nullptr};
  if (at_ == text_.size()) return true;
  const char c = text_[at_];
  if (is_digit(c)) return number();
  if (c == '\'' || c == '"') return quoted(c);
  if (is_word_start(c)) return word();
  return symbol();
}

bool ExpressionLexer::number() {
  const std::size_t start = at_;
  bool whole = true;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    const bool sign =
        (c == '+' || c == '-') && at_ > start && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
    if (c == '.' || c == 'e' || c == 'E')
      whole = false;
    else if (!is_digit(c) && !sign)
      break;
    ++at_;
  }
  token_.text = text_.substr(start, at_ - start);
  token_.kind = ExpressionToken::Kind::kNumber;
  const char* first = token_.text.data();
  const char* last = first + token_.text.size();
  std::int64_t integer = 0;
  double real = 0;
  const auto result =
      whole ? std::from_chars(first, last, integer) : std::from_chars(first, last, real);
  if (result.ec != std::errc() || result.ptr != last ||
      (at_ < text_.size() && is_word_start(text_[at_]))) {
    fail(start, "'" + token_.text + "' is not a number here",
         "quantities such as 20k are texts: write them in quotes");
    return false;
  }
  token_.value = whole ? json::value(integer) : json::value(real);
  return true;
}

bool ExpressionLexer::quoted(char quote) {
  const std::size_t start = at_++;
  std::string value;
  while (at_ < text_.size() && text_[at_] != quote) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
      const char escaped = text_[++at_];
      value += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
    } else {
      value += text_[at_];
    }
    ++at_;
  }
  if (at_ == text_.size()) {
    fail(start, "the quotes are never closed");
    return false;
  }
  ++at_;
  token_.kind = ExpressionToken::Kind::kText;
  token_.text = text_.substr(start, at_ - start);
  token_.value = json::string(value);
  return true;
}

bool ExpressionLexer::word() {
  const std::size_t start = at_;
  while (at_ < text_.size() && (is_word_start(text_[at_]) || is_digit(text_[at_]))) ++at_;
  token_.kind = ExpressionToken::Kind::kWord;
  token_.text = text_.substr(start, at_ - start);
  return true;
}

bool ExpressionLexer::symbol() {
  static constexpr std::array<std::string_view, 5> kTwo = {"==", "!=", "<=", ">=", "//"};
  static constexpr std::string_view kOne = "+-*/%<>()[],?:.=!&|";
  token_.kind = ExpressionToken::Kind::kSymbol;
  const std::string_view two = text_.substr(at_, 2);
  if (std::ranges::find(kTwo, two) != kTwo.end()) {
    token_.text = two;
  } else if (kOne.find(text_[at_]) != std::string_view::npos) {
    token_.text = text_[at_];
  } else {
    std::size_t end = at_ + 1;
    while (end < text_.size() && (text_[end] & 0xc0) == 0x80) ++end;
    fail(at_, "'" + std::string(text_.substr(at_, end - at_)) + "' has no meaning here");
    return false;
  }
  at_ += token_.text.size();
  return true;
}

bool ExpressionLexer::joins_name() const {
  return token_.offset > 0 && text_[token_.offset - 1] != ' ' && at_ < text_.size() &&
         (is_word_start(text_[at_]) || is_digit(text_[at_]));
}

bool ExpressionLexer::take_joined(std::string* text) {
  const std::size_t start = token_.offset;
  while (at_ < text_.size() && (is_word_start(text_[at_]) || is_digit(text_[at_]))) ++at_;
  *text += text_.substr(start, at_ - start);
  return advance();
}

}  // namespace cairn
