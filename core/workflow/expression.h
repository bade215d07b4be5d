// The expression language of `${…}`: small and pure. No loops, no assignment, no input or output.
//
//   literals     12  0.5  1e-3  'text'  "text"  true  false  null  [1, 2]
//   names        params.NAME  matrix.NAME  item  run.seed  run.name
//                stages.S.status  stages.S.metrics.M
//   operators    c ? a : b   or  and  not   == != < <= > >=  in   + -  * / // %   -a   a[i]  a.key
//   functions    min max abs round floor ceil int float
//                str lower upper strip replace split join contains starts_with ends_with
//                len range sum sorted reversed unique first last zip keys
// `/` always gives a float and `//` rounds down; integers that overflow are an error. Texts add up
// with + and compare by bytes. Values of different types never compare, except numbers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

// A name of an expression, such as {"stages", "rl1", "metrics", "reward"}.
struct ExpressionName {
  std::vector<std::string> parts;
  std::size_t offset = 0;  // in the expression's text
};

// What went wrong, and where in the expression's text.
struct ExpressionError {
  std::size_t offset = 0;
  std::string message;
  std::string hint;
};

// Gives a name its value. An error's message ends the evaluation.
using NameLookup = std::function<Result<json::value>(const ExpressionName& name)>;

// A parsed expression. Immutable; copies share their tree.
class Expression {
 public:
  struct Node;

  // nullopt with *error filled.
  [[nodiscard]] static std::optional<Expression> parse(std::string_view text,
                                                       ExpressionError* error);

  // Every name that stands in it.
  [[nodiscard]] const std::vector<ExpressionName>& names() const { return names_; }
  // Whether a name begins with this namespace.
  [[nodiscard]] bool uses(std::string_view space) const;

  // The same with everything evaluated that names nothing for which varies is true. What cannot be
  // evaluated stays as it is.
  [[nodiscard]] Expression folded(const NameLookup& lookup,
                                  const std::function<bool(const ExpressionName&)>& varies) const;

  // nullopt with *error filled. check_all: both sides of and, or and ?: are evaluated, too, so
  // that a mistake in a branch not taken is found; used with sample values at validation.
  [[nodiscard]] std::optional<json::value> evaluate(const NameLookup& lookup,
                                                    ExpressionError* error,
                                                    bool check_all = false) const;

 private:
  std::shared_ptr<const Node> root_;
  std::vector<ExpressionName> names_;
};

// What the engine knows when a stage becomes ready.
struct ConditionScope {
  json::object params;  // WorkflowSpec::params
  std::uint64_t seed = 0;
  std::string run_name;
  // Status of a stage, in the words of DESIGN §7; nullopt for an unknown stage.
  std::function<std::optional<std::string>(std::string_view stage)> status;
  // Last value of a metric; nullopt where the stage never reported it.
  std::function<std::optional<double>(std::string_view stage, std::string_view metric)> metric;
};

// The truth of StageSpec::when. Errors: bad syntax, a metric that was never reported, a value that
// is neither true nor false.
[[nodiscard]] Result<bool> evaluate_condition(const std::string& text, const ConditionScope& scope);

}  // namespace cairn
