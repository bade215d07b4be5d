// The tree of an expression; shared by its parser and its evaluator.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/workflow/expression.h"

namespace cairn {

struct Expression::Node {
  enum class Kind { kLiteral, kName, kList, kUnary, kBinary, kConditional, kCall, kIndex };
  Kind kind = Kind::kLiteral;
  std::size_t offset = 0;
  json::value literal;
  ExpressionName name;
  std::string symbol;  // operator or function
  std::vector<std::shared_ptr<const Node>> children;
};

struct ExpressionFunction {
  const char* name;
  std::size_t min_arguments;
  std::size_t max_arguments;
};
[[nodiscard]] const std::vector<ExpressionFunction>& expression_functions();

// The number of arguments fits already.
[[nodiscard]] Result<json::value> call_expression_function(
    const std::string& function, const std::vector<json::value>& arguments);
[[nodiscard]] Result<json::value> expression_contains(const json::value& whole,
                                                      const json::value& part);
// "an int", "a text": for messages.
[[nodiscard]] const char* expression_type_name(const json::value& value);

}  // namespace cairn
