#include "core/workflow/expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/base/text.h"
#include "core/workflow/expression_node.h"

namespace cairn {
namespace {

using Node = Expression::Node;
using NodePtr = std::shared_ptr<const Node>;

constexpr std::size_t kMaxText = 10'000;
constexpr int kMaxDepth = 64;

struct Token {
  enum class Kind { kEnd, kNumber, kText, kWord, kSymbol };
  Kind kind = Kind::kEnd;
  std::size_t offset = 0;
  std::string text;
  json::value value;
};

bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

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
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
    token_ = Token{Token::Kind::kEnd, at_, "", nullptr};
    if (at_ == text_.size()) return true;
    const char c = text_[at_];
    if (is_digit(c)) return number();
    if (c == '\'' || c == '"') return quoted(c);
    if (is_word_start(c)) return word();
    return symbol();
  }

  bool number() {
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
    token_.kind = Token::Kind::kNumber;
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

  bool quoted(char quote) {
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
    token_.kind = Token::Kind::kText;
    token_.text = text_.substr(start, at_ - start);
    token_.value = json::string(value);
    return true;
  }

  bool word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && (is_word_start(text_[at_]) || is_digit(text_[at_]))) ++at_;
    token_.kind = Token::Kind::kWord;
    token_.text = text_.substr(start, at_ - start);
    return true;
  }

  bool symbol() {
    static constexpr std::array<std::string_view, 5> kTwo = {"==", "!=", "<=", ">=", "//"};
    static constexpr std::string_view kOne = "+-*/%<>()[],?:.=!&|";
    token_.kind = Token::Kind::kSymbol;
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
                    "write for example params.steps, run.seed or stages.NAME.status");
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
    while ((is("-") || is("/")) && token_.offset > 0 && text_[token_.offset - 1] != ' ' &&
           at_ < text_.size() && (is_word_start(text_[at_]) || is_digit(text_[at_]))) {
      const std::size_t start = token_.offset;
      while (at_ < text_.size() && (is_word_start(text_[at_]) || is_digit(text_[at_]))) ++at_;
      rest += text_.substr(start, at_ - start);
      if (!advance()) break;
    }
    return rest;
  }

  std::string_view text_;
  ExpressionError* error_;
  std::size_t at_ = 0;
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
