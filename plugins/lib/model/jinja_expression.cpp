#include "plugins/lib/model/jinja_expression.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/text.h"
#include "plugins/lib/model/jinja_builtins.h"

namespace cairn::model::jinja {
namespace {

constexpr int kMaxOpen = 60;  // brackets and blocks open at a time

bool is_kept(std::string_view name) {
  constexpr std::array<std::string_view, 13> kKept = {"and",   "else",   "if",     "in",   "is",
                                                      "not",   "or",     "caller", "loop", "self",
                                                      "super", "kwargs", "varargs"};
  return std::find(kKept.begin(), kKept.end(), name) != kKept.end();
}

}  // namespace

Result<void> ExpressionParser::Nesting::check() const {
  if (parser_.nesting_ <= kMaxOpen) return {};
  return parser_.error("more than " + std::to_string(kMaxOpen) + " brackets and blocks open");
}

bool ExpressionParser::take_sign(std::string_view sign) {
  if (!at(Token::Kind::kSign) || here().text != sign) return false;
  take();
  return true;
}

bool ExpressionParser::take_word(std::string_view word) {
  if (!at(Token::Kind::kName) || here().text != word) return false;
  take();
  return true;
}

Result<std::string> ExpressionParser::take_name(const std::string& where) {
  if (!at(Token::Kind::kName) || is_kept(here().text)) return unexpected(where);
  return take().text;
}

Error ExpressionParser::error(const std::string& message) const {
  return error_at(source_, here().at, message);
}

Error ExpressionParser::unexpected(const std::string& where) const {
  constexpr std::size_t kShown = 40;
  if (at(Token::Kind::kEnd)) return error("the template ends in the middle of " + where);
  const std::string_view rest = source_.substr(here().at, kShown);
  return error("\"" + printable(rest.substr(0, rest.find('\n'))) + "\" has no place in " + where);
}

Result<NodePtr> ExpressionParser::make(Node::Kind kind, std::size_t at, std::string text,
                                       std::vector<NodePtr> parts,
                                       std::vector<std::string> names) const {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->at = at;
  node->text = std::move(text);
  node->parts = std::move(parts);
  node->names = std::move(names);
  for (const NodePtr& part : node->parts) {
    if (part != nullptr) node->height = std::max(node->height, part->height + 1);
  }
  if (node->height > kMaxHeight) {
    return error_at(source_, at,
                    "more than " + std::to_string(kMaxHeight) +
                        " expressions and statements inside each other");
  }
  return NodePtr(std::move(node));
}

std::vector<NodePtr> ExpressionParser::one(NodePtr part) {
  std::vector<NodePtr> parts;
  parts.push_back(std::move(part));
  return parts;
}

Result<NodePtr> ExpressionParser::parse_expression() {
  const Nesting nesting(*this);
  CAIRN_TRY(nesting.check());
  CAIRN_ASSIGN(NodePtr node, parse_or());
  while (at(Token::Kind::kName) && here().text == "if") {
    std::vector<NodePtr> parts(3);
    const std::size_t begin = take().at;
    parts[1] = std::move(node);
    CAIRN_ASSIGN(parts[0], parse_or());
    if (take_word("else")) {
      CAIRN_ASSIGN(parts[2], parse_expression());
    }
    CAIRN_ASSIGN(node, make(Node::Kind::kConditional, begin, {}, std::move(parts)));
  }
  return node;
}

Result<NodePtr> ExpressionParser::parse_or() {
  CAIRN_ASSIGN(NodePtr left, parse_and());
  while (at(Token::Kind::kName) && here().text == "or") {
    const std::size_t begin = take().at;
    std::vector<NodePtr> parts = one(std::move(left));
    CAIRN_ASSIGN(NodePtr right, parse_and());
    parts.push_back(std::move(right));
    CAIRN_ASSIGN(left, make(Node::Kind::kOr, begin, {}, std::move(parts)));
  }
  return left;
}

Result<NodePtr> ExpressionParser::parse_and() {
  CAIRN_ASSIGN(NodePtr left, parse_not());
  while (at(Token::Kind::kName) && here().text == "and") {
    const std::size_t begin = take().at;
    std::vector<NodePtr> parts = one(std::move(left));
    CAIRN_ASSIGN(NodePtr right, parse_not());
    parts.push_back(std::move(right));
    CAIRN_ASSIGN(left, make(Node::Kind::kAnd, begin, {}, std::move(parts)));
  }
  return left;
}

Result<NodePtr> ExpressionParser::parse_not() {
  const std::size_t begin = here().at;
  if (!take_word("not")) return parse_comparison();
  const Nesting nesting(*this);
  CAIRN_TRY(nesting.check());
  CAIRN_ASSIGN(NodePtr operand, parse_not());
  return make(Node::Kind::kNot, begin, {}, one(std::move(operand)));
}

bool ExpressionParser::take_comparison(std::string& sign) {
  constexpr std::array<std::string_view, 6> kSigns = {"==", "!=", "<=", ">=", "<", ">"};
  if (at(Token::Kind::kSign) &&
      std::find(kSigns.begin(), kSigns.end(), here().text) != kSigns.end()) {
    sign = take().text;
    return true;
  }
  if (at(Token::Kind::kName) && here().text == "not" && next().text == "in" &&
      next().kind == Token::Kind::kName) {
    take();
    take();
    sign = "not in";
    return true;
  }
  sign = "in";
  return take_word("in");
}

Result<NodePtr> ExpressionParser::parse_comparison() {
  const std::size_t begin = here().at;
  CAIRN_ASSIGN(NodePtr first, parse_sum());
  std::vector<std::string> signs;
  std::vector<NodePtr> parts;
  for (std::string sign; take_comparison(sign);) {
    signs.push_back(sign);
    CAIRN_ASSIGN(NodePtr operand, parse_sum());
    parts.push_back(std::move(operand));
  }
  if (signs.empty()) return first;
  parts.insert(parts.begin(), std::move(first));
  return make(Node::Kind::kCompare, begin, {}, std::move(parts), std::move(signs));
}

Result<NodePtr> ExpressionParser::parse_chain(Parse operand, std::vector<std::string_view> signs) {
  CAIRN_ASSIGN(NodePtr left, (this->*operand)());
  while (at(Token::Kind::kSign) &&
         std::find(signs.begin(), signs.end(), here().text) != signs.end()) {
    const Token sign = take();
    std::vector<NodePtr> parts = one(std::move(left));
    CAIRN_ASSIGN(NodePtr right, (this->*operand)());
    parts.push_back(std::move(right));
    CAIRN_ASSIGN(left, make(Node::Kind::kBinary, sign.at, sign.text, std::move(parts)));
  }
  return left;
}

Result<NodePtr> ExpressionParser::parse_sum() {
  return parse_chain(&ExpressionParser::parse_concatenation, {"+", "-"});
}

Result<NodePtr> ExpressionParser::parse_concatenation() {
  return parse_chain(&ExpressionParser::parse_product, {"~"});
}

Result<NodePtr> ExpressionParser::parse_product() {
  return parse_chain(&ExpressionParser::parse_signed, {"*", "//", "%"});
}

Result<NodePtr> ExpressionParser::parse_signed() {
  const std::size_t begin = here().at;
  if (take_sign("-")) {
    // A filter behind it takes what the sign made.
    CAIRN_ASSIGN(NodePtr operand, parse_primary());
    CAIRN_ASSIGN(operand, parse_postfix(std::move(operand)));
    CAIRN_ASSIGN(NodePtr node, make(Node::Kind::kNegate, begin, {}, one(std::move(operand))));
    return parse_filters(std::move(node));
  }
  CAIRN_ASSIGN(NodePtr node, parse_primary());
  CAIRN_ASSIGN(node, parse_postfix(std::move(node)));
  return parse_filters(std::move(node));
}

Result<NodePtr> ExpressionParser::parse_primary() {
  const Token token = here();
  const auto constant = [&](Value value) {
    auto node = std::make_unique<Node>();
    node->kind = Node::Kind::kConstant;
    node->at = token.at;
    node->value = std::move(value);
    return NodePtr(std::move(node));
  };
  if (at(Token::Kind::kString)) {
    std::string text;
    while (at(Token::Kind::kString)) text += take().text;
    return constant(Value::text(std::move(text)));
  }
  if (at(Token::Kind::kInteger)) {
    std::int64_t number = 0;
    const char* end = token.text.data() + token.text.size();
    if (std::from_chars(token.text.data(), end, number).ec != std::errc()) {
      return error("an integer beyond 64 bits");
    }
    take();
    return constant(Value(number));
  }
  if (take_sign("(")) return parse_items(token.at, ")");
  if (take_sign("[")) return parse_items(token.at, "]");
  if (take_sign("{")) return parse_dict(token.at);
  if (at(Token::Kind::kName) && token.text == "loop") {
    take();
    return make(Node::Kind::kName, token.at, token.text, {});
  }
  CAIRN_ASSIGN(const std::string name, take_name("an expression"));
  if (name == "true" || name == "True") return constant(Value(true));
  if (name == "false" || name == "False") return constant(Value(false));
  if (name == "none" || name == "None") return constant(Value(None{}));
  return make(Node::Kind::kName, token.at, name, {});
}

Result<NodePtr> ExpressionParser::parse_items(std::size_t begin, std::string_view close) {
  const Nesting nesting(*this);
  CAIRN_TRY(nesting.check());
  std::vector<NodePtr> items;
  bool comma = false;
  while (!take_sign(close)) {
    if (!items.empty() && !comma) return unexpected("brackets");
    CAIRN_ASSIGN(NodePtr item, parse_expression());
    items.push_back(std::move(item));
    comma = take_sign(",");
  }
  if (close == ")" && items.size() == 1 && !comma) return std::move(items[0]);
  return make(Node::Kind::kList, begin, {}, std::move(items));
}

Result<NodePtr> ExpressionParser::parse_dict(std::size_t begin) {
  const Nesting nesting(*this);
  CAIRN_TRY(nesting.check());
  std::vector<NodePtr> parts;
  while (!take_sign("}")) {
    if (!parts.empty() && !take_sign(",")) return unexpected("a dictionary");
    if (take_sign("}")) break;
    CAIRN_ASSIGN(NodePtr key, parse_expression());
    parts.push_back(std::move(key));
    if (!take_sign(":")) return unexpected("a dictionary");
    CAIRN_ASSIGN(NodePtr value, parse_expression());
    parts.push_back(std::move(value));
  }
  return make(Node::Kind::kDict, begin, {}, std::move(parts));
}

Result<NodePtr> ExpressionParser::parse_postfix(NodePtr node) {
  while (at(Token::Kind::kSign)) {
    const std::size_t begin = here().at;
    if (take_sign("[")) {
      CAIRN_ASSIGN(node, parse_subscript(std::move(node), begin));
    } else if (here().text == "." && next().kind == Token::Kind::kName) {
      take();
      const Token name = take();
      std::vector<NodePtr> parts = one(std::move(node));
      if (!take_sign("(")) {
        CAIRN_ASSIGN(node, make(Node::Kind::kAttribute, name.at, name.text, std::move(parts)));
        continue;
      }
      if (!is_method(name.text)) {
        return error_at(source_, name.at, "the method " + name.text);
      }
      CAIRN_ASSIGN(auto names, parse_arguments(parts));
      CAIRN_ASSIGN(
          node, make(Node::Kind::kMethod, name.at, name.text, std::move(parts), std::move(names)));
    } else if (here().text == "(" && node->kind == Node::Kind::kName) {
      take();
      std::vector<NodePtr> parts;
      CAIRN_ASSIGN(auto names, parse_arguments(parts));
      CAIRN_ASSIGN(node,
                   make(Node::Kind::kCall, begin, node->text, std::move(parts), std::move(names)));
    } else {
      break;
    }
  }
  return node;
}

Result<NodePtr> ExpressionParser::parse_subscript(NodePtr node, std::size_t begin) {
  std::vector<NodePtr> parts = one(std::move(node));
  bool slice = false;
  for (int i = 0; i < 3; ++i) {
    parts.emplace_back();
    const bool empty = at(Token::Kind::kSign) && (here().text == ":" || here().text == "]");
    if (!empty) {
      CAIRN_ASSIGN(parts.back(), parse_expression());
    }
    if (!take_sign(":")) break;
    slice = true;
  }
  if ((!slice && parts[1] == nullptr) || !take_sign("]")) return unexpected("an index");
  if (!slice) return make(Node::Kind::kIndex, begin, {}, std::move(parts));
  parts.resize(4);
  return make(Node::Kind::kSlice, begin, {}, std::move(parts));
}

Result<NodePtr> ExpressionParser::parse_filters(NodePtr node) {
  while (true) {
    if (take_word("is")) {
      CAIRN_ASSIGN(node, parse_test(std::move(node)));
      continue;
    }
    if (!take_sign("|")) return node;
    const std::size_t begin = here().at;
    CAIRN_ASSIGN(const std::string name, take_name("a filter"));
    if (find_filter(name) == nullptr) return error_at(source_, begin, "the filter " + name);
    std::vector<NodePtr> parts = one(std::move(node));
    std::vector<std::string> names;
    if (take_sign("(")) {
      CAIRN_ASSIGN(names, parse_arguments(parts));
    }
    // Jinja gives no list there but a generator, which only a filter takes as one.
    if ((name == "select" || name == "reject") && !(at(Token::Kind::kSign) && here().text == "|")) {
      return error_at(source_, begin, "the filter " + name + " without another one behind it");
    }
    CAIRN_ASSIGN(node, make(Node::Kind::kFilter, begin, name, std::move(parts), std::move(names)));
  }
}

Result<NodePtr> ExpressionParser::parse_test(NodePtr node) {
  const std::size_t begin = here().at;
  const bool negated = take_word("not");
  if (!at(Token::Kind::kName)) return unexpected("a test");
  const std::string name = take().text;
  const Builtin* test = find_test(name);
  if (test == nullptr) return error_at(source_, begin, "the test " + name);
  std::vector<NodePtr> parts = one(std::move(node));
  std::vector<std::string> names;
  if (take_sign("(")) {
    CAIRN_ASSIGN(names, parse_arguments(parts));
  } else if (test->required > 0) {
    CAIRN_ASSIGN(NodePtr argument, parse_primary());
    CAIRN_ASSIGN(argument, parse_postfix(std::move(argument)));
    parts.push_back(std::move(argument));
  }
  CAIRN_ASSIGN(NodePtr made,
               make(Node::Kind::kTest, begin, name, std::move(parts), std::move(names)));
  if (!negated) return made;
  return make(Node::Kind::kNot, begin, {}, one(std::move(made)));
}

Result<std::vector<std::string>> ExpressionParser::parse_arguments(std::vector<NodePtr>& parts) {
  std::vector<std::string> names;
  bool first = true;
  while (!take_sign(")")) {
    if (!first && !take_sign(",")) return unexpected("arguments");
    if (!first && take_sign(")")) break;
    first = false;
    if (at(Token::Kind::kName) && next().kind == Token::Kind::kSign && next().text == "=") {
      names.push_back(take().text);
      take();
    } else if (!names.empty()) {
      return unexpected("arguments");
    }
    CAIRN_ASSIGN(NodePtr argument, parse_expression());
    parts.push_back(std::move(argument));
  }
  return names;
}

}  // namespace cairn::model::jinja
