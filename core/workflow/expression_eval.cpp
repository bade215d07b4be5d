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
using Values = std::vector<json::value>;

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
        auto items = all(node);
        if (!items) return std::nullopt;
        return json::value(json::array(items->begin(), items->end()));
      }
      case Node::Kind::kUnary:
        return unary(node);
      case Node::Kind::kBinary:
        return node.symbol == "and" || node.symbol == "or" ? logical(node) : binary(node);
      case Node::Kind::kConditional:
        return conditional(node);
      case Node::Kind::kCall: {
        auto arguments = all(node);
        if (!arguments) return std::nullopt;
        return from(node, call_expression_function(node.symbol, *arguments));
      }
      case Node::Kind::kIndex:
        return index(node);
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

  Value name(const Node& node) {
    auto value = lookup_(node.name);
    if (!value.ok()) return fail(node, value.error().message, value.error().hint);
    return *value;
  }

  std::optional<Values> all(const Node& node) {
    Values values;
    for (const auto& child : node.children) {
      auto value = evaluate(*child);
      if (!value) return std::nullopt;
      values.push_back(std::move(*value));
    }
    return values;
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
    auto operands = all(node);
    if (!operands) return std::nullopt;
    const json::value& a = (*operands)[0];
    const json::value& b = (*operands)[1];
    const std::string& op = node.symbol;
    if (op == "in") return from(node, expression_contains(b, a));
    if (op == "==" || op == "!=" || op == "<" || op == ">" || op == "<=" || op == ">=")
      return compare(node, a, b);
    if (op == "+" && a.is_string() && b.is_string()) return text(node, text_of(a) + text_of(b));
    if (op == "+" && a.is_array() && b.is_array()) {
      json::array joined = a.as_array();
      joined.insert(joined.end(), b.as_array().begin(), b.as_array().end());
      return json::value(std::move(joined));
    }
    if (!a.is_number() || !b.is_number()) return mismatch(node, a, b);
    if (a.is_int64() && b.is_int64() && op != "/")
      return integers(node, a.as_int64(), b.as_int64());
    return floats(node, number(a), number(b));
  }

  Value text(const Node& node, std::string value) {
    constexpr std::size_t kLongest = 1'000'000;
    if (value.size() > kLongest) return fail(node, "the text becomes too long");
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

  Value index(const Node& node) {
    auto operands = all(node);
    if (!operands) return std::nullopt;
    const json::value& of = (*operands)[0];
    const json::value& key = (*operands)[1];
    if (of.is_array() && key.is_int64()) {
      const auto size = static_cast<std::int64_t>(of.as_array().size());
      const std::int64_t at = key.as_int64() < 0 ? key.as_int64() + size : key.as_int64();
      if (at < 0 || at >= size)
        return fail(node, "the list has " + std::to_string(size) + " entries, no " +
                              std::to_string(key.as_int64()));
      return of.as_array()[static_cast<std::size_t>(at)];
    }
    if (of.is_object() && key.is_string()) {
      if (const auto* found = of.as_object().if_contains(key.as_string())) return *found;
      std::vector<std::string> known;
      for (const auto& entry : of.as_object()) known.emplace_back(entry.key());
      auto near = nearest_word(text_of(key), known);
      return fail(node, "the map has no key '" + text_of(key) + "'",
                  near ? "did you mean '" + *near + "'?" : "");
    }
    return fail(node,
                std::string("cannot take an entry of ") + type_name(of) + " by " + type_name(key));
  }

  const NameLookup& lookup_;
  ExpressionError* error_;
  bool check_all_;
};

}  // namespace

std::optional<json::value> Expression::evaluate(const NameLookup& lookup, ExpressionError* error,
                                                bool check_all) const {
  return Evaluator(lookup, error, check_all).evaluate(*root_);
}

}  // namespace cairn
