#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "core/base/text.h"
#include "core/workflow/expression.h"
#include "core/workflow/expression_node.h"

namespace cairn {
namespace {

using Node = Expression::Node;
using Value = std::optional<json::value>;
using NodePtr = std::shared_ptr<const Node>;

// Most values that one evaluation may make: a short expression must not fill the memory.
constexpr std::size_t kMaxMade = 4'000'000;

std::size_t weight(const json::value& value) {
  std::size_t sum = 1;
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list) sum += weight(item);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) sum += weight(member.value());
  }
  return sum;
}

constexpr auto type_name = expression_type_name;

bool is_integer(const json::value& value) {
  return value.is_int64() || value.is_uint64();
}

double number(const json::value& value) {
  return value.to_number<double>();
}

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

class Evaluator {
 public:
  Evaluator(const NameLookup& lookup, ExpressionError* error, bool check_all)
      : lookup_(lookup), error_(error), check_all_(check_all) {}

  Value evaluate(const Node& node) {
    switch (node.kind) {
      case Node::Kind::kLiteral:
        return node.literal;
      case Node::Kind::kName:
        return name(node);
      case Node::Kind::kList: {
        json::array items;
        for (const auto& child : node.children) {
          auto item = evaluate(*child);
          if (!item) return std::nullopt;
          items.push_back(std::move(*item));
        }
        return made(node, std::move(items));
      }
      case Node::Kind::kUnary:
        return unary(node);
      case Node::Kind::kBinary:
        return node.symbol == "and" || node.symbol == "or" ? logical(node) : binary(node);
      case Node::Kind::kConditional:
        return conditional(node);
      case Node::Kind::kCall:
        return call(node);
      case Node::Kind::kIndex: {
        json::value storage;
        const auto* entry = index(node, storage);
        return entry == nullptr ? std::nullopt : made(node, *entry);
      }
    }
    return fail(node, "an expression of unknown kind");
  }

 private:
  std::nullopt_t fail(const Node& node, std::string message, std::string hint = {}) {
    *error_ = {node.offset, std::move(message), std::move(hint)};
    return std::nullopt;
  }

  Value from(const Node& node, const Result<json::value>& result) {
    if (!result.ok()) return fail(node, result.error().message, result.error().hint);
    return *result;
  }

  // A value that was not there before.
  Value made(const Node& node, json::value value) {
    if (value.is_structured()) made_ += weight(value);
    if (made_ > kMaxMade)
      return fail(node, "the expression makes more than " + std::to_string(kMaxMade) + " values");
    return value;
  }

  Value name(const Node& node) {
    auto value = lookup_(node.name);
    if (!value.ok()) return fail(node, value.error().message, value.error().hint);
    return made(node, std::move(*value));
  }

  // The value of a node: where it stands already, else in storage. Null where it fails.
  const json::value* view(const Node& node, json::value& storage) {
    if (node.kind == Node::Kind::kLiteral) return &node.literal;
    if (node.kind == Node::Kind::kIndex) return index(node, storage);
    auto value = evaluate(node);
    if (!value) return nullptr;
    storage = std::move(*value);
    return &storage;
  }

  Value call(const Node& node) {
    std::vector<json::value> storage(node.children.size());
    ExpressionArguments arguments;
    for (std::size_t i = 0; i < storage.size(); ++i) {
      const auto* argument = view(*node.children[i], storage[i]);
      if (argument == nullptr) return std::nullopt;
      arguments.add(*argument);
    }
    auto result = node.call(node.symbol, arguments);
    if (!result.ok()) return fail(node, result.error().message, result.error().hint);
    return made(node, std::move(*result));
  }

  std::optional<bool> truth(const Node& node) {
    auto value = evaluate(node);
    if (!value) return std::nullopt;
    if (value->is_bool()) return value->as_bool();
    return fail(node, std::string("true or false is needed here, not ") + type_name(*value));
  }

  Value logical(const Node& node) {
    const bool is_and = node.symbol == "and";
    const auto left = truth(*node.children[0]);
    if (!left) return std::nullopt;
    if (*left != is_and && !check_all_) return json::value(*left);
    const auto right = truth(*node.children[1]);
    if (!right) return std::nullopt;
    return json::value(is_and ? *left && *right : *left || *right);
  }

  Value conditional(const Node& node) {
    const auto condition = truth(*node.children[0]);
    if (!condition) return std::nullopt;
    if (!check_all_) return evaluate(*node.children[*condition ? 1 : 2]);
    auto yes = evaluate(*node.children[1]);
    auto no = yes ? evaluate(*node.children[2]) : std::nullopt;
    if (!no) return std::nullopt;
    return *condition ? yes : no;
  }

  Value unary(const Node& node) {
    if (node.symbol == "not") {
      const auto operand = truth(*node.children[0]);
      if (!operand) return std::nullopt;
      return json::value(!*operand);
    }
    auto operand = evaluate(*node.children[0]);
    if (!operand) return std::nullopt;
    if (operand->is_int64() && operand->as_int64() != INT64_MIN)
      return json::value(-operand->as_int64());
    if (operand->is_double()) return json::value(-operand->as_double());
    return fail(node, std::string("'-' needs a number, not ") + type_name(*operand));
  }

  Value mismatch(const Node& node, const json::value& a, const json::value& b) {
    return fail(node, "'" + node.symbol + "' cannot take " + type_name(a) + " and " + type_name(b));
  }

  Value binary(const Node& node) {
    json::value left;
    json::value right;
    const auto* first = view(*node.children[0], left);
    const auto* second = first == nullptr ? nullptr : view(*node.children[1], right);
    if (second == nullptr) return std::nullopt;
    const json::value& a = *first;
    const json::value& b = *second;
    const std::string& op = node.symbol;
    if (op == "in") return from(node, expression_contains(b, a));
    if (op == "==" || op == "!=" || op == "<" || op == ">" || op == "<=" || op == ">=")
      return compare(node, a, b);
    if (op == "+" && a.is_string() && b.is_string()) return text(node, text_of(a) + text_of(b));
    if (op == "+" && a.is_array() && b.is_array()) {
      json::array joined = a.as_array();
      joined.insert(joined.end(), b.as_array().begin(), b.as_array().end());
      return made(node, std::move(joined));
    }
    if (!a.is_number() || !b.is_number()) return mismatch(node, a, b);
    if (a.is_int64() && b.is_int64() && op != "/")
      return integers(node, a.as_int64(), b.as_int64());
    return floats(node, number(a), number(b));
  }

  Value text(const Node& node, std::string value) {
    if (value.size() > kMaxExpressionText) return fail(node, "the text becomes too long");
    return json::value(json::string(value));
  }

  Value integers(const Node& node, std::int64_t a, std::int64_t b) {
    const char op = node.symbol[0];
    std::int64_t result = 0;
    bool overflow = false;
    if (op == '/' || op == '%') {
      if (b == 0) return check_all_ ? Value(json::value(0)) : fail(node, "division by zero");
      if (a == INT64_MIN && b == -1) {
        overflow = op == '/';
      } else {
        const std::int64_t remainder = a % b;
        const bool down = remainder != 0 && (remainder < 0) != (b < 0);
        result = op == '%' ? remainder + (down ? b : 0) : a / b - (down ? 1 : 0);
      }
    } else {
      overflow = op == '+'   ? __builtin_add_overflow(a, b, &result)
                 : op == '-' ? __builtin_sub_overflow(a, b, &result)
                             : __builtin_mul_overflow(a, b, &result);
    }
    if (overflow) return fail(node, "the integer becomes too large");
    return json::value(result);
  }

  Value floats(const Node& node, double a, double b) {
    const std::string& op = node.symbol;
    if (b == 0 && (op[0] == '/' || op == "%"))
      return check_all_ ? Value(json::value(0.0)) : fail(node, "division by zero");
    const double result = op == "+"    ? a + b
                          : op == "-"  ? a - b
                          : op == "*"  ? a * b
                          : op == "/"  ? a / b
                          : op == "//" ? std::floor(a / b)
                                       : a - b * std::floor(a / b);
    if (!std::isfinite(result)) return fail(node, "the result is not a finite number");
    return json::value(result);
  }

  Value compare(const Node& node, const json::value& a, const json::value& b) {
    const std::string& op = node.symbol;
    const bool equality = op == "==" || op == "!=";
    int order = 0;
    if (a.is_number() && b.is_number()) {
      if (is_integer(a) && is_integer(b))
        order = a == b                                                           ? 0
                : a.is_uint64() || (b.is_int64() && a.as_int64() > b.as_int64()) ? 1
                                                                                 : -1;
      else
        order = number(a) < number(b) ? -1 : number(a) > number(b) ? 1 : 0;
    } else if (a.is_string() && b.is_string()) {
      order = a.as_string().compare(b.as_string());
    } else if (equality && (a.kind() == b.kind() || a.is_null() || b.is_null())) {
      order = a == b ? 0 : 1;
    } else {
      return mismatch(node, a, b);
    }
    const bool result = op == "=="   ? order == 0
                        : op == "!=" ? order != 0
                        : op == "<"  ? order < 0
                        : op == "<=" ? order <= 0
                        : op == ">"  ? order > 0
                                     : order >= 0;
    return json::value(result);
  }

  const json::value* index(const Node& node, json::value& storage) {
    json::value whole;
    json::value part;
    const auto* of = view(*node.children[0], whole);
    const auto* key = of == nullptr ? nullptr : view(*node.children[1], part);
    const auto* found = key == nullptr ? nullptr : entry(node, *of, *key);
    if (found == nullptr || of != &whole) return found;
    json::value copy = *found;
    storage = std::move(copy);
    return &storage;
  }

  const json::value* entry(const Node& node, const json::value& of, const json::value& key) {
    if (of.is_array() && key.is_int64()) {
      const auto size = static_cast<std::int64_t>(of.as_array().size());
      const std::int64_t at = key.as_int64() < 0 ? key.as_int64() + size : key.as_int64();
      if (at >= 0 && at < size) return &of.as_array()[static_cast<std::size_t>(at)];
      fail(node, "the list has " + std::to_string(size) + " entries, no " +
                     std::to_string(key.as_int64()));
    } else if (of.is_object() && key.is_string() && !is_secret(of)) {
      if (const auto* found = of.as_object().if_contains(key.as_string())) return found;
      std::vector<std::string> known;
      for (const auto& member : of.as_object()) known.emplace_back(member.key());
      auto near = nearest_word(text_of(key), known);
      fail(node, "the map has no key '" + text_of(key) + "'",
           near ? "did you mean '" + *near + "'?" : "");
    } else {
      fail(node, std::string("cannot take an entry of ") + type_name(of) + " by " + type_name(key));
    }
    return nullptr;
  }

  const NameLookup& lookup_;
  ExpressionError* error_;
  bool check_all_;
  std::size_t made_ = 0;
};

class Folder {
 public:
  Folder(const NameLookup& lookup, const std::function<bool(const ExpressionName&)>& varies)
      : lookup_(lookup), varies_(varies) {}

  NodePtr fold(const NodePtr& node) const {
    if (node->kind == Node::Kind::kLiteral) return node;
    if (constant(*node)) {
      ExpressionError unused;
      auto value = Evaluator(lookup_, &unused, false).evaluate(*node);
      if (!value) return node;
      auto literal = std::make_shared<Node>();
      literal->offset = node->offset;
      literal->literal = std::move(*value);
      return literal;
    }
    auto copy = std::make_shared<Node>(*node);
    for (auto& child : copy->children) child = fold(child);
    return copy;
  }

 private:
  bool constant(const Node& node) const {
    if (node.kind == Node::Kind::kName) return !varies_(node.name);
    return std::ranges::all_of(node.children, [&](const auto& child) { return constant(*child); });
  }

  const NameLookup& lookup_;
  const std::function<bool(const ExpressionName&)>& varies_;
};

}  // namespace

Expression Expression::folded(const NameLookup& lookup,
                              const std::function<bool(const ExpressionName&)>& varies) const {
  Expression result = *this;
  result.root_ = Folder(lookup, varies).fold(root_);
  return result;
}

std::optional<json::value> Expression::evaluate(const NameLookup& lookup, ExpressionError* error,
                                                bool check_all) const {
  return Evaluator(lookup, error, check_all).evaluate(*root_);
}

}  // namespace cairn
