#include "plugins/lib/model/jinja_lexer.h"

#include <algorithm>
#include <array>

#include "plugins/lib/model/jinja_text.h"

namespace cairn::model::jinja {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

void append_utf8(std::string& text, unsigned code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | (code >> 6));
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    text += static_cast<char>(0xe0 | (code >> 12));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  }
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> read() {
    while (at_ < source_.size()) {
      const std::size_t open = next_tag();
      read_text(open);
      if (open == source_.size()) break;
      at_ = open;
      if (source_[open + 1] == '#') {
        CAIRN_TRY(skip_comment());
      } else {
        CAIRN_TRY(read_tag());
      }
    }
    add(Token::Kind::kEnd, "", source_.size());
    return std::move(tokens_);
  }

 private:
  void add(Token::Kind kind, std::string text, std::size_t at) {
    tokens_.push_back({kind, std::move(text), at});
  }

  [[nodiscard]] bool here(std::string_view text) const {
    return source_.substr(at_).starts_with(text);
  }

  [[nodiscard]] std::size_t next_tag() const {
    for (std::size_t i = at_; i + 1 < source_.size(); ++i) {
      if (source_[i] != '{') continue;
      const char next = source_[i + 1];
      if (next == '%' || next == '{' || next == '#') return i;
    }
    return source_.size();
  }

  // What stands before a tag, or before the end of the template.
  void read_text(std::size_t end) {
    std::string_view text = source_.substr(at_, end - at_);
    if (end + 2 < source_.size() && source_[end + 2] == '-') {
      text = strip(text, Side::kRight);
    } else if (end + 1 < source_.size() && source_[end + 1] != '{' &&
               !(end + 2 < source_.size() && source_[end + 2] == '+')) {
      const std::size_t line = text.rfind('\n') + 1;  // 0 where there is none
      const bool begins_line = line > 0 || at_ == 0 || source_[at_ - 1] == '\n';
      if (begins_line && strip(text.substr(line), Side::kBoth).empty()) text = text.substr(0, line);
    }
    if (!text.empty()) add(Token::Kind::kText, std::string(text), at_);
  }

  void step_over_space() { at_ = source_.size() - strip(source_.substr(at_), Side::kLeft).size(); }

  // Steps over the end of a tag, if it is here, and over the white space that goes with it.
  bool end_of_tag(std::string_view end) {
    const bool trims = here("-") && source_.substr(at_ + 1).starts_with(end);
    const bool keeps = here("+") && end != "}}" && source_.substr(at_ + 1).starts_with(end);
    if (!trims && !keeps && !here(end)) return false;
    at_ += end.size() + (trims || keeps ? 1 : 0);
    if (trims) {
      step_over_space();
    } else if (!keeps && end != "}}" && here("\n")) {
      ++at_;
    }
    return true;
  }

  Result<void> skip_comment() {
    const std::size_t open = at_;
    for (at_ += 2; at_ < source_.size(); ++at_) {
      if (end_of_tag("#}")) return {};
    }
    return error_at(source_, open, "a comment without an end");
  }

  Result<void> read_tag() {
    const std::size_t open = at_;
    const bool output = source_[at_ + 1] == '{';
    add(output ? Token::Kind::kOutputBegin : Token::Kind::kBlockBegin, "", open);
    at_ += 2;
    if (here("-") || here("+")) ++at_;
    std::string brackets;  // those that are open
    while (true) {
      step_over_space();
      const std::size_t begin = at_;
      if (at_ == source_.size()) return error_at(source_, open, "a tag without an end");
      if (brackets.empty() && end_of_tag(output ? "}}" : "%}")) {
        add(output ? Token::Kind::kOutputEnd : Token::Kind::kBlockEnd, "", begin);
        return {};
      }
      CAIRN_TRY(read_token(brackets));
    }
  }

  Result<void> read_token(std::string& brackets) {
    const std::size_t begin = at_;
    const char c = source_[at_];
    if (c == '\'' || c == '"') return read_string();
    if (in_name(c)) {
      while (at_ < source_.size() && in_name(source_[at_])) ++at_;
      const std::string_view word = source_.substr(begin, at_ - begin);
      if (is_digit(c) && (!std::all_of(word.begin(), word.end(), is_digit) ||
                          (here(".") && at_ + 1 < source_.size() && is_digit(source_[at_ + 1])))) {
        return error_at(source_, begin, "a number that is no decimal integer");
      }
      add(is_digit(c) ? Token::Kind::kInteger : Token::Kind::kName, std::string(word), begin);
      return {};
    }
    constexpr std::array<std::string_view, 6> kPairs = {"==", "!=", "<=", ">=", "//", "**"};
    for (const std::string_view pair : kPairs) {
      if (!here(pair)) continue;
      at_ += 2;
      add(Token::Kind::kSign, std::string(pair), begin);
      return {};
    }
    if (std::string_view("+-*/%~[](){}<>=.:|,").find(c) == std::string_view::npos) {
      return error_at(source_, begin, "a sign that Jinja has not");
    }
    if (const auto open = std::string_view("([{").find(c); open != std::string_view::npos) {
      brackets += ")]}"[open];
    } else if (c == ')' || c == ']' || c == '}') {
      if (brackets.empty() || brackets.back() != c) {
        return error_at(source_, begin, "a closing bracket that none opened");
      }
      brackets.pop_back();
    }
    ++at_;
    add(Token::Kind::kSign, std::string(1, c), begin);
    return {};
  }

  // Escapes are Python's; those it does not know stay as they are.
  Result<void> read_string() {
    const std::size_t begin = at_;
    const char quote = source_[at_++];
    std::string text;
    while (at_ < source_.size() && source_[at_] != quote) {
      const char c = source_[at_++];
      if (c != '\\' || at_ == source_.size()) {
        text += c;
        continue;
      }
      const char escape = source_[at_++];
      constexpr std::string_view kEscapes = "nrtabfv\\'\"";
      if (const auto which = kEscapes.find(escape); which != std::string_view::npos) {
        text += "\n\r\t\a\b\f\v\\'\""[which];
      } else if (escape == 'x' || escape == 'u') {
        CAIRN_ASSIGN(const unsigned code, read_hex(begin, escape == 'x' ? 2 : 4));
        append_utf8(text, code);
      } else if (escape == 'U' || escape == 'N' || is_digit(escape)) {
        return error_at(source_, begin, std::string("the escape \\") + escape + " in a string");
      } else if (escape != '\n') {
        text += '\\';
        text += escape;
      }
    }
    if (at_ == source_.size()) return error_at(source_, begin, "a string without an end");
    ++at_;
    add(Token::Kind::kString, std::move(text), begin);
    return {};
  }

  Result<unsigned> read_hex(std::size_t begin, int digits) {
    unsigned code = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      const auto digit = at_ < source_.size()
                             ? std::string_view("0123456789abcdef").find(source_[at_] | 0x20)
                             : std::string_view::npos;
      if (digit == std::string_view::npos || source_[at_] < '0') {
        return error_at(source_, begin, "an escape with too few digits in a string");
      }
      code = code * 16 + static_cast<unsigned>(digit);
    }
    if (code >= 0xd800 && code < 0xe000) {
      return error_at(source_, begin, "an escape that is no character in a string");
    }
    return code;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::string normalised(std::string_view source) {
  std::string text;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    text += source[i] == '\r' ? '\n' : source[i];
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Result<std::vector<Token>> tokenize(std::string_view source) {
  return Lexer(source).read();
}

Error error_at(std::string_view source, std::size_t at, const std::string& message) {
  const std::string_view before = source.substr(0, at);
  const std::size_t line = before.rfind('\n') + 1;
  return invalid_argument(
      "the chat template is none that Cairn knows: line " +
          std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ", column " +
          std::to_string(1 + count_characters(before.substr(line))) + ": " + message,
      "Cairn renders the part of Jinja that chat templates are made of; write the template with "
      "that, in chat_template.jinja of the model's folder");
}

}  // namespace cairn::model::jinja
