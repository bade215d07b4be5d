#include "plugins/lib/model/jinja_tags.h"

#include <cctype>

#include "core/base/text.h"

namespace cairn::model {
namespace {

struct Token {
  enum class Kind { kName, kString, kSign };
  Kind kind = Kind::kSign;
  std::string text;  // of a string: what it stands for
};

bool starts_name(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool in_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

class Reader {
 public:
  explicit Reader(std::string_view source) : source_(source) {
    if (source_.ends_with('\n')) source_.remove_suffix(1);
  }

  Result<std::vector<JinjaTag>> read() {
    if (source_.find(kVariableMark) != std::string_view::npos) return refuse(0, "a zero byte");
    while (at_ < source_.size()) {
      const std::size_t open = next_tag();
      std::string_view text = source_.substr(at_, open - at_);
      const bool trim_before = open + 2 < source_.size() && source_[open + 2] == '-';
      if (trim_before) {
        text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
      } else if (open < source_.size() && source_[open + 1] != '{') {
        strip_line(text, open);
      }
      add_output(std::string(text), at_);
      if (open == source_.size()) break;
      CAIRN_TRY(read_tag(open));
    }
    return std::move(tags_);
  }

 private:
  Error refuse(std::size_t at, const std::string& what) const {
    constexpr std::size_t kShown = 120;
    return invalid_argument("the chat template is none that Cairn knows: at byte " +
                                std::to_string(at) + " it has " + what + ": " +
                                printable(source_.substr(at, kShown)),
                            "Cairn renders plain ChatML, with a default system message or not");
  }

  [[nodiscard]] std::size_t next_tag() const {
    for (std::size_t i = at_; i + 1 < source_.size(); ++i) {
      if (source_[i] != '{') continue;
      const char next = source_[i + 1];
      if (next == '%' || next == '{' || next == '#') return i;
    }
    return source_.size();
  }

  // lstrip_blocks: spaces before a tag that begins its line.
  void strip_line(std::string_view& text, std::size_t open) const {
    const std::size_t last = text.find_last_not_of(" \t");
    const bool begins_line = last == std::string_view::npos
                                 ? open == text.size() || source_[open - text.size() - 1] == '\n'
                                 : text[last] == '\n';
    if (begins_line) text = text.substr(0, last + 1);
  }

  Result<void> read_tag(std::size_t open) {
    const char kind = source_[open + 1];
    const std::string close = kind == '%' ? "%}" : kind == '{' ? "}}" : "#}";
    std::size_t end = open + 2;
    char quote = '\0';
    while (end < source_.size() && (quote != '\0' || source_.compare(end, 2, close) != 0)) {
      const char c = source_[end];
      if (kind != '#' && quote != '\0' && c == '\\') {
        ++end;
      } else if (kind != '#' && quote != '\0' && c == quote) {
        quote = '\0';
      } else if (kind != '#' && quote == '\0' && (c == '\'' || c == '"')) {
        quote = c;
      }
      ++end;
    }
    if (end >= source_.size()) return refuse(open, "a tag without an end");
    std::string_view inside = source_.substr(open + 2, end - open - 2);
    if (inside.starts_with('-')) inside.remove_prefix(1);
    const bool trim_after = inside.ends_with('-');
    if (trim_after) inside.remove_suffix(1);
    at_ = end + 2;
    if (trim_after) {
      at_ = std::min(source_.find_first_not_of(" \t\r\n", at_), source_.size());
    } else if (kind != '{' && source_.substr(at_).starts_with('\n')) {
      ++at_;  // trim_blocks
    }
    if (kind == '#') return {};
    CAIRN_ASSIGN(const std::vector<Token> tokens, tokenize(inside, open));
    if (kind == '%') {
      tags_.push_back({JinjaTag::Kind::kStatement, statement(tokens), open});
      return {};
    }
    return read_expression(tokens, open);
  }

  Result<std::vector<Token>> tokenize(std::string_view text, std::size_t open) const {
    std::vector<Token> tokens;
    for (std::size_t i = 0; i < text.size();) {
      const char c = text[i];
      if (std::isspace(static_cast<unsigned char>(c)) != 0) {
        ++i;
      } else if (starts_name(c)) {
        std::size_t end = i;
        while (end < text.size() && in_name(text[end])) ++end;
        tokens.push_back({Token::Kind::kName, std::string(text.substr(i, end - i))});
        i = end;
      } else if (c == '\'' || c == '"') {
        Token token{Token::Kind::kString, {}};
        for (++i; i < text.size() && text[i] != c; ++i) {
          if (text[i] != '\\') {
            token.text += text[i];
            continue;
          }
          if (i + 1 == text.size()) return refuse(open, "a string without an end");
          const std::size_t which = std::string_view("nrt\\'\"").find(text[++i]);
          if (which == std::string_view::npos) return refuse(open, "an unknown escape");
          token.text += "\n\r\t\\'\""[which];
        }
        tokens.push_back(std::move(token));
        ++i;
      } else {
        tokens.push_back({Token::Kind::kSign, std::string(1, c)});
        ++i;
      }
    }
    return join_subscripts(tokens);
  }

  // x['a'] as x.a, and a name with its attributes and indices as one token.
  static std::vector<Token> join_subscripts(const std::vector<Token>& tokens) {
    std::vector<Token> joined;
    const auto is_sign = [&](std::size_t i, std::string_view sign) {
      return i < tokens.size() && tokens[i].kind == Token::Kind::kSign && tokens[i].text == sign;
    };
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      Token token = tokens[i];
      while (token.kind == Token::Kind::kName && i + 2 < tokens.size()) {
        if (is_sign(i + 1, ".") && tokens[i + 2].kind == Token::Kind::kName) {
          token.text += "." + tokens[i + 2].text;
          i += 2;
        } else if (is_sign(i + 1, "[") && is_sign(i + 3, "]")) {
          const Token& index = tokens[i + 2];
          token.text +=
              index.kind == Token::Kind::kString ? "." + index.text : "[" + index.text + "]";
          i += 3;
        } else {
          break;
        }
      }
      joined.push_back(std::move(token));
    }
    return joined;
  }

  static std::string statement(const std::vector<Token>& tokens) {
    std::string text;
    bool after_sign = true;
    for (const Token& token : tokens) {
      const bool sign = token.kind == Token::Kind::kSign;
      if (!text.empty() && !(sign && after_sign)) text += ' ';
      text += token.kind == Token::Kind::kString ? "'" + token.text + "'" : token.text;
      after_sign = sign;
    }
    return text;
  }

  Result<void> read_expression(const std::vector<Token>& tokens, std::size_t open) {
    if (tokens.size() % 2 == 0) return refuse(open, "an expression");
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const Token& token = tokens[i];
      if (i % 2 == 1) {
        if (token.kind != Token::Kind::kSign || (token.text != "+" && token.text != "~")) {
          return refuse(open, "an expression");
        }
      } else if (token.kind == Token::Kind::kString) {
        add_output(token.text, open);
      } else if (token.kind == Token::Kind::kName) {
        add_output(kVariableMark + token.text + kVariableMark, open);
      } else {
        return refuse(open, "an expression");
      }
    }
    return {};
  }

  void add_output(std::string text, std::size_t begin) {
    if (!text.empty()) tags_.push_back({JinjaTag::Kind::kOutput, std::move(text), begin});
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::vector<JinjaTag> tags_;
};

}  // namespace

Result<std::vector<JinjaTag>> read_jinja(std::string_view source) {
  return Reader(source).read();
}

}  // namespace cairn::model
