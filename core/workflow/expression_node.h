// The tree of an expression; shared by its parser and its evaluator.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/sdk/declaration.h"
#include "core/workflow/expression.h"

namespace cairn {

// Values that live elsewhere: a long list is not copied to be looked at.
class ExpressionArguments {
 public:
  void add(const json::value& value) { values_.push_back(&value); }
  [[nodiscard]] const json::value& operator[](std::size_t index) const { return *values_[index]; }
  [[nodiscard]] std::size_t size() const { return values_.size(); }

 private:
  std::vector<const json::value*> values_;
};

struct ExpressionFunction {
  using Call = Result<json::value> (*)(const std::string& name, const ExpressionArguments&);
  const char* name;
  std::size_t min_arguments;
  std::size_t max_arguments;
  Call call;  // the number of arguments fits already
};
[[nodiscard]] const std::vector<ExpressionFunction>& expression_functions();
// Of these, what makes and takes lists.
[[nodiscard]] const std::vector<ExpressionFunction>& expression_list_functions();

inline constexpr std::size_t kMaxExpressionText = 1'000'000;  // bytes
inline constexpr std::size_t kMaxExpressionList = 1'000'000;  // entries

struct Expression::Node {
  enum class Kind { kLiteral, kName, kList, kUnary, kBinary, kConditional, kCall, kIndex };
  Kind kind = Kind::kLiteral;
  std::size_t offset = 0;
  json::value literal;
  ExpressionName name;
  std::string symbol;                       // operator or function
  ExpressionFunction::Call call = nullptr;  // of kCall
  std::vector<std::shared_ptr<const Node>> children;
};

// "'abs' takes a number, not a text"
[[nodiscard]] Error wrong_argument(const std::string& function, const json::value& value,
                                   const char* wanted);
[[nodiscard]] Result<json::value> expression_contains(const json::value& whole,
                                                      const json::value& part);
// "an int", "a text": for messages.
[[nodiscard]] const char* expression_type_name(const json::value& value);

}  // namespace cairn
