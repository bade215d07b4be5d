// The words of an expression's text.
#pragma once

#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/workflow/expression.h"

namespace cairn {

struct ExpressionToken {
  enum class Kind { kEnd, kNumber, kText, kWord, kSymbol };
  Kind kind = Kind::kEnd;
  std::size_t offset = 0;
  std::string text;
  json::value value;
};

// Reads one token at a time. text outlives it.
class ExpressionLexer {
 public:
  ExpressionLexer(std::string_view text, ExpressionError* error) : text_(text), error_(error) {}

  // The next token becomes token(); false with the error filled where none can be read.
  bool advance();
  [[nodiscard]] const ExpressionToken& token() const { return token_; }

  // Whether the token stands right behind what is before it, with a name right behind itself: the
  // '-' of "stages.rl-1".
  [[nodiscard]] bool joins_name() const;
  // Reads that name as one text with the token; the token after it is current then.
  bool take_joined(std::string* text);

 private:
  bool fail(std::size_t offset, std::string message, std::string hint = {});
  bool number();
  bool quoted(char quote);
  bool word();
  bool symbol();

  std::string_view text_;
  ExpressionError* error_;
  std::size_t at_ = 0;
  ExpressionToken token_;
};

}  // namespace cairn
