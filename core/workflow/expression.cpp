#include "core/workflow/expression.h"

#include <algorithm>
#include <utility>

#include "core/base/text.h"
#include "core/workflow/expression_lexer.h"
#include "core/workflow/expression_node.h"

namespace cairn {
namespace {

using Node = Expression::Node;
using Token = ExpressionToken;
using NodePtr = std::shared_ptr<const Node>;

constexpr std::size_t kMaxText = 10'000;
constexpr int kMaxDepth = 64;

// Recursive descent; the first error ends it.
class Parser {
 public:
  Parser(std::string_view text, ExpressionError* error) : text_(text), error_(error) {}

  NodePtr parse() {
    if (text_.size() > kMaxText) return fail(0, "the expression is too long");
    if (!advance()) return nullptr;
    if (token_.kind == Token::Kind::kEnd) return fail(0, "the expression is empty");
    NodePtr root = conditional();
    if (!root) return nullptr;
    if (token_.kind != Token::Kind::kEnd)
      return fail(token_.offset, "unexpected '" + token_.text + "'", hint_for(token_.text));
    return root;
  }

  std::vector<ExpressionName> names;

 private:
  NodePtr fail(std::size_t offset, std::string message, std::string hint = {}) {
    *error_ = {offset, std::move(message), std::move(hint)};
    return nullptr;
  }

  static std::string hint_for(const std::string& symbol) {
    if (symbol == "=") return "equality is '=='";
    if (symbol == "&") return "write 'and'";
    if (symbol == "|") return "write 'or'";
    if (symbol == "!") return "write 'not'";
    return "";
  }

  bool advance() {
    if (!lexer_.advance()) return false;
    token_ = lexer_.token();
    return true;
  }

  bool is(std::string_view text) const {
    return token_.kind != Token::Kind::kText && token_.kind != Token::Kind::kEnd &&
           token_.text == text;
  }

  bool expect(std::string_view text) {
    if (is(text)) return advance();
    fail(token_.offset, "'" + std::string(text) + "' is missing here");
    return false;
  }

  static std::shared_ptr<Node> make(Node::Kind kind, std::size_t offset) {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->offset = offset;
    return node;
  }

  NodePtr conditional() {
    if (++depth_ > kMaxDepth) return fail(token_.offset, "nested too deep");
    NodePtr result = conditional_inner();
    --depth_;
    return result;
  }

  NodePtr conditional_inner() {
    NodePtr condition = binary(0);
    if (!condition || !is("?")) return condition;
    auto node = make(Node::Kind::kConditional, token_.offset);
    if (!advance()) return nullptr;
    NodePtr yes = conditional();
    if (!yes || !expect(":")) return nullptr;
    NodePtr no = conditional();
    if (!no) return nullptr;
    node->children = {std::move(condition), std::move(yes), std::move(no)};
    return node;
  }

  // Levels of binary operators, the loosest first; `not` binds between and and comparison.
  static const std::vector<std::vector<std::string_view>>& levels() {
    static const std::vector<std::vector<std::string_view>> kLevels = {
        {"or"},
        {"and"},
        {"==", "!=", "<", "<=", ">", ">=", "in"},
        {"+", "-"},
        {"*", "/", "//", "%"}};
    return kLevels;
  }
  static constexpr std::size_t kComparison = 2;

  NodePtr binary(std::size_t level) {
    if (level == levels().size()) return unary();
    if (level == kComparison && is("not")) return prefixed("not");
    NodePtr left = binary(level + 1);
    int chained = 0;
    while (left && std::ranges::any_of(levels()[level], [&](auto op) { return is(op); })) {
      if (level == kComparison && ++chained > 1)
        return fail(token_.offset, "comparisons cannot be chained", "join them with 'and'");
      auto node = make(Node::Kind::kBinary, token_.offset);
      node->symbol = token_.text;
      if (!advance()) return nullptr;
      NodePtr right = binary(level + 1);
      if (!right) return nullptr;
      node->children = {std::move(left), std::move(right)};
      left = std::move(node);
      if (++operators_ > kMaxText / 8) return fail(token_.offset, "too many operators");
    }
    return left;
  }

  NodePtr prefixed(const char* symbol) {
    if (++depth_ > kMaxDepth) return fail(token_.offset, "nested too deep");
    auto node = make(Node::Kind::kUnary, token_.offset);
    node->symbol = symbol;
    if (!advance()) return nullptr;
    NodePtr operand = node->symbol == "not" ? binary(kComparison) : unary();
    --depth_;
    if (!operand) return nullptr;
    node->children = {std::move(operand)};
    return node;
  }

  NodePtr unary() {
    if (is("-")) return prefixed("-");
    NodePtr node = primary();
    while (node && (is("[") || is("."))) node = access(std::move(node));
    return node;
  }

  NodePtr access(NodePtr of) {
    auto node = make(Node::Kind::kIndex, token_.offset);
    const bool dot = is(".");
    if (!advance()) return nullptr;
    NodePtr key;
    if (dot) {
      if (token_.kind != Token::Kind::kWord)
        return fail(token_.offset, "a name is missing after '.'");
      auto literal = make(Node::Kind::kLiteral, token_.offset);
      literal->literal = json::string(token_.text);
      key = std::move(literal);
      if (!advance()) return nullptr;
    } else {
      key = conditional();
      if (!key || !expect("]")) return nullptr;
    }
    node->children = {std::move(of), std::move(key)};
    return node;
  }

  NodePtr primary() {
    const Token token = token_;
    if (token.kind == Token::Kind::kNumber || token.kind == Token::Kind::kText) {
      auto node = make(Node::Kind::kLiteral, token.offset);
      node->literal = token.value;
      return advance() ? node : nullptr;
    }
    if (token.kind == Token::Kind::kWord) return word_primary();
    if (is("(")) {
      if (!advance()) return nullptr;
      NodePtr inner = conditional();
      return inner && expect(")") ? inner : nullptr;
    }
    if (is("[")) return arguments(make(Node::Kind::kList, token.offset), "]");
    if (token.kind == Token::Kind::kEnd) return fail(token.offset, "the expression ends too early");
    return fail(token.offset, "unexpected '" + token.text + "'", hint_for(token.text));
  }

  // The opening bracket is the current token.
  NodePtr arguments(std::shared_ptr<Node> node, std::string_view close) {
    if (!advance()) return nullptr;
    while (!is(close)) {
      NodePtr item = conditional();
      if (!item) return nullptr;
      node->children.push_back(std::move(item));
      if (is(","))
        if (!advance())
          return nullptr;
        else
          continue;
      else if (!is(close))
        return fail(token_.offset, "',' or '" + std::string(close) + "' is missing here");
    }
    return advance() ? node : nullptr;
  }

  NodePtr word_primary() {
    const Token token = token_;
    if (!advance()) return nullptr;
    if (token.text == "true" || token.text == "false" || token.text == "null") {
      auto node = make(Node::Kind::kLiteral, token.offset);
      if (token.text != "null") node->literal = token.text == "true";
      return node;
    }
    if (is("(")) return call(token);
    return name(token);
  }

  NodePtr call(const Token& token) {
    std::vector<std::string> known;
    for (const auto& function : expression_functions()) known.emplace_back(function.name);
    const auto found = std::ranges::find(known, token.text);
    if (found == known.end()) {
      auto near = nearest_word(token.text, known);
      return fail(token.offset, "there is no function '" + token.text + "'",
                  near ? "did you mean '" + *near + "'?" : "functions: " + join(known, ", "));
    }
    auto node = make(Node::Kind::kCall, token.offset);
    node->symbol = token.text;
    NodePtr done = arguments(node, ")");
    if (!done) return nullptr;
    const auto& function = expression_functions()[static_cast<std::size_t>(found - known.begin())];
    node->call = function.call;
    if (node->children.size() < function.min_arguments ||
        node->children.size() > function.max_arguments)
      return fail(token.offset, "'" + token.text + "' takes another number of arguments");
    return done;
  }

  // How many parts a name has before field access begins: params.X, run.X, stages.S.status,
  // stages.S.metrics.M.
  NodePtr name(const Token& token) {
    auto node = make(Node::Kind::kName, token.offset);
    node->name.offset = token.offset;
    node->name.parts = {token.text};
    auto& parts = node->name.parts;
    const auto wanted = [&]() -> std::size_t {
      if (parts[0] == "stages") return parts.size() > 2 && parts[2] == "metrics" ? 4 : 3;
      return parts[0] == "params" || parts[0] == "run" || parts[0] == "matrix" ? 2 : 1;
    };
    while (parts.size() < wanted()) {
      if (!is("."))
        return fail(token_.offset, "'" + join(parts, ".") + "' is not complete",
                    "write for example params.steps, matrix.NAME or stages.NAME.status");
      if (!advance()) return nullptr;
      if (token_.kind != Token::Kind::kWord)
        return fail(token_.offset, "a name is missing after '.'");
      std::string part = token_.text;
      if (!advance()) return nullptr;
      if (parts[0] == "stages") part += dashed_rest();
      parts.push_back(std::move(part));
    }
    names.push_back(node->name);
    return node;
  }

  // Stage and metric names may hold '-' and '/' where no space stands around them.
  std::string dashed_rest() {
    std::string rest;
    while ((is("-") || is("/")) && lexer_.joins_name()) {
      if (!lexer_.take_joined(&rest)) break;
      token_ = lexer_.token();
    }
    return rest;
  }

  std::string_view text_;
  ExpressionError* error_;
  ExpressionLexer lexer_{text_, error_};
  Token token_;
  int depth_ = 0;
  std::size_t operators_ = 0;
};

}  // namespace

std::optional<Expression> Expression::parse(std::string_view text, ExpressionError* error) {
  Parser parser(text, error);
  Expression expression;
  expression.root_ = parser.parse();
  if (!expression.root_) return std::nullopt;
  expression.names_ = std::move(parser.names);
  return expression;
}

bool Expression::uses(std::string_view space) const {
  return std::ranges::any_of(names_, [&](const auto& name) { return name.parts[0] == space; });
}

}  // namespace cairn
