#include "plugins/lib/model/jinja_parser.h"

#include <algorithm>

#include "plugins/lib/model/jinja_expression.h"

namespace cairn::model::jinja {
namespace {

class StatementParser : private ExpressionParser {
 public:
  StatementParser(std::string_view source, std::vector<Token> tokens)
      : ExpressionParser(source, std::move(tokens)) {}

  Result<NodePtr> parse() {
    CAIRN_ASSIGN(NodePtr block, parse_block({}));
    if (!at(Token::Kind::kEnd)) return unexpected("the template");
    return block;
  }

 private:
  // Until a statement of one of these names, which stays.
  Result<NodePtr> parse_block(const std::vector<std::string_view>& ends) {
    const Nesting nesting(*this);
    CAIRN_TRY(nesting.check());
    std::vector<NodePtr> parts;
    const std::size_t begin = here().at;
    while (!at(Token::Kind::kEnd)) {
      if (at(Token::Kind::kBlockBegin) && next().kind == Token::Kind::kName &&
          std::find(ends.begin(), ends.end(), next().text) != ends.end()) {
        return make(Node::Kind::kBlock, begin, {}, std::move(parts));
      }
      CAIRN_ASSIGN(NodePtr part, parse_part());
      parts.push_back(std::move(part));
    }
    if (!ends.empty()) {
      return error("the template ends before {% " + std::string(ends.back()) + " %}");
    }
    return make(Node::Kind::kBlock, begin, {}, std::move(parts));
  }

  Result<NodePtr> parse_part() {
    const Token token = take();
    if (token.kind == Token::Kind::kText) {
      return make(Node::Kind::kText, token.at, token.text, {});
    }
    if (token.kind == Token::Kind::kOutputBegin) {
      CAIRN_ASSIGN(NodePtr shown, parse_expression());
      if (!at(Token::Kind::kOutputEnd)) return unexpected("an expression");
      take();
      return make(Node::Kind::kOutput, token.at, {}, one(std::move(shown)));
    }
    if (!at(Token::Kind::kName)) return unexpected("{%");
    const Token name = here();
    take();
    if (name.text == "if") return parse_if(name.at);
    if (name.text == "for") return parse_for(name.at);
    if (name.text == "set") return parse_set(name.at);
    if (name.text == "macro") return parse_macro(name.at);
    if (name.text == "generation") {
      CAIRN_ASSIGN(NodePtr block, parse_body({"endgeneration"}, /*in_loop=*/false));
      CAIRN_TRY(end_statement());
      return make(Node::Kind::kGeneration, name.at, {}, one(std::move(block)));
    }
    if ((name.text == "break" || name.text == "continue") && in_loop_) {
      CAIRN_TRY(end_tag());
      return make(name.text == "break" ? Node::Kind::kBreak : Node::Kind::kContinue, name.at, {},
                  {});
    }
    return error_at(source(), name.at, "the statement " + name.text);
  }

  Result<void> end_tag() {
    if (!at(Token::Kind::kBlockEnd)) return unexpected("a statement");
    take();
    return {};
  }

  // {% endif %} and the like, at its beginning.
  Result<void> end_statement() {
    take();
    take();
    return end_tag();
  }

  // After the tag that opens it; up to one of the ends.
  Result<NodePtr> parse_body(const std::vector<std::string_view>& ends, bool in_loop) {
    CAIRN_TRY(end_tag());
    const bool outer = std::exchange(in_loop_, in_loop);
    Result<NodePtr> block = parse_block(ends);
    in_loop_ = outer;
    return block;
  }

  Result<NodePtr> parse_if(std::size_t begin) {
    std::vector<NodePtr> parts;
    while (true) {
      CAIRN_ASSIGN(NodePtr condition, parse_or());
      parts.push_back(std::move(condition));
      CAIRN_ASSIGN(NodePtr block, parse_body({"elif", "else", "endif"}, in_loop_));
      parts.push_back(std::move(block));
      if (next().text != "elif") break;
      take();
      take();
    }
    if (next().text == "else") {
      take();
      take();
      CAIRN_ASSIGN(NodePtr block, parse_body({"endif"}, in_loop_));
      parts.push_back(std::move(block));
    }
    CAIRN_TRY(end_statement());
    return make(Node::Kind::kIf, begin, {}, std::move(parts));
  }

  Result<NodePtr> parse_for(std::size_t begin) {
    std::vector<std::string> targets;
    do {
      CAIRN_ASSIGN(std::string target, take_name("a loop"));
      targets.push_back(std::move(target));
    } while (take_sign(",") && targets.size() < 2);
    if (!take_word("in")) return unexpected("for");
    std::vector<NodePtr> parts(4);
    CAIRN_ASSIGN(parts[0], parse_or());
    if (take_word("if")) {
      CAIRN_ASSIGN(parts[1], parse_expression());
    }
    const bool in_macro = std::exchange(top_level_, false);
    Result<NodePtr> body = parse_body({"else", "endfor"}, /*in_loop=*/true);
    top_level_ = in_macro;
    CAIRN_ASSIGN(parts[2], std::move(body));
    if (next().text == "else") {
      take();
      take();
      CAIRN_ASSIGN(parts[3], parse_body({"endfor"}, in_loop_));
    }
    CAIRN_TRY(end_statement());
    return make(Node::Kind::kFor, begin, {}, std::move(parts), std::move(targets));
  }

  Result<NodePtr> parse_set(std::size_t begin) {
    CAIRN_ASSIGN(const std::string target, take_name("set"));
    std::vector<std::string> attribute;
    if (take_sign(".")) {
      CAIRN_ASSIGN(std::string name, take_name("set"));
      attribute.push_back(std::move(name));
    }
    if (attribute.empty() && at(Token::Kind::kBlockEnd)) {
      CAIRN_ASSIGN(NodePtr block, parse_body({"endset"}, /*in_loop=*/false));
      CAIRN_TRY(end_statement());
      return make(Node::Kind::kSetBlock, begin, target, one(std::move(block)));
    }
    if (!take_sign("=")) return unexpected("set");
    CAIRN_ASSIGN(NodePtr value, parse_expression());
    CAIRN_TRY(end_tag());
    return make(Node::Kind::kSet, begin, target, one(std::move(value)), std::move(attribute));
  }

  Result<NodePtr> parse_macro(std::size_t begin) {
    if (!top_level_) return error_at(source(), begin, "a macro inside of a loop or a macro");
    CAIRN_ASSIGN(const std::string name, take_name("macro"));
    if (!take_sign("(")) return unexpected("macro");
    std::vector<std::string> names;
    std::vector<NodePtr> parts;
    while (!take_sign(")")) {
      if (!names.empty() && !take_sign(",")) return unexpected("macro");
      CAIRN_ASSIGN(std::string parameter, take_name("macro"));
      names.push_back(std::move(parameter));
      if (take_sign("=")) {
        CAIRN_ASSIGN(NodePtr value, parse_expression());
        parts.push_back(std::move(value));
      } else if (!parts.empty()) {
        return unexpected("macro, where a default is missing");
      }
    }
    top_level_ = false;
    Result<NodePtr> body = parse_body({"endmacro"}, /*in_loop=*/false);
    top_level_ = true;
    if (!body.ok()) return body;
    parts.push_back(std::move(*body));
    CAIRN_TRY(end_statement());
    return make(Node::Kind::kMacro, begin, name, std::move(parts), std::move(names));
  }

  bool in_loop_ = false;
  bool top_level_ = true;  // neither in a loop nor in a macro
};

}  // namespace

Result<NodePtr> parse_template(std::string_view source) {
  CAIRN_ASSIGN(std::vector<Token> tokens, tokenize(source));
  return StatementParser(source, std::move(tokens)).parse();
}

}  // namespace cairn::model::jinja
