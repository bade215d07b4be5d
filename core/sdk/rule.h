// Rules: what must hold between the parameters of a stage, as data.
//
// A rule is written with the parameters themselves, so that no name can drift:
//
//   cairn::Check order{this, shortest <= longest, "the range must not be empty"};
//   cairn::Check key{this, implies(mode == "remote", given(api_key)), "a remote judge needs a
//   key"};
//
// It travels in the manifest: a workflow that breaks one is refused before anything starts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

struct Rule {
  enum class Op { kLess, kLessEqual, kEqual, kNotEqual, kGiven, kNot, kAnd, kOr, kImplies };
  struct Operand {
    std::string param;  // empty: the constant
    json::value constant;
  };
  Op op = Op::kAnd;
  std::vector<Operand> operands;  // of a comparison two, of kGiven one
  std::vector<Rule> parts;        // of kNot one, of kImplies two
};

// given: neither null nor an empty text, list or map.
[[nodiscard]] Rule operator!(Rule rule);
[[nodiscard]] Rule operator&&(Rule left, Rule right);
[[nodiscard]] Rule operator||(Rule left, Rule right);
[[nodiscard]] Rule implies(Rule condition, Rule consequence);
[[nodiscard]] Rule exactly_one(const std::vector<Rule>& rules);
[[nodiscard]] Rule at_most_one(const std::vector<Rule>& rules);

// params: canonical values of every parameter. Numbers are compared with numbers, texts with texts;
// a comparison with null holds only where both are equal or, for !=, are not.
[[nodiscard]] bool holds(const Rule& rule, const json::object& params);
// "shortest <= longest", "if mode == \"remote\" then api_key is given"
[[nodiscard]] std::string to_string(const Rule& rule);
// In the order they stand in the rule, each once.
[[nodiscard]] std::vector<std::string> params_of(const Rule& rule);

[[nodiscard]] json::object to_json(const Rule& rule);
[[nodiscard]] Result<Rule> rule_from_json(const json::value& value);

}  // namespace cairn
