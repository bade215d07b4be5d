#include "core/sdk/rule.h"

#include <algorithm>
#include <array>

namespace cairn {
namespace {

constexpr std::array<const char*, 9> kNames = {"<",   "<=",  "==", "!=",     "given",
                                               "not", "and", "or", "implies"};
constexpr std::size_t kMaxDepth = 32;

const json::value& value_of(const Rule::Operand& operand, const json::object& params) {
  static const json::value kNothing;
  if (operand.param.empty()) return operand.constant;
  const auto* value = params.if_contains(operand.param);
  return value == nullptr ? kNothing : *value;
}

bool is_given(const json::value& value) {
  if (const auto* text = value.if_string()) return !text->empty();
  if (const auto* list = value.if_array()) return !list->empty();
  if (const auto* map = value.if_object()) return !map->empty();
  return !value.is_null();
}

bool less(const json::value& left, const json::value& right) {
  if (left.is_int64() && right.is_int64()) return left.as_int64() < right.as_int64();
  if (left.is_number() && right.is_number())
    return left.to_number<double>() < right.to_number<double>();
  return left.is_string() && right.is_string() && left.as_string() < right.as_string();
}

bool equal(const json::value& left, const json::value& right) {
  if (left.is_number() && right.is_number()) return !less(left, right) && !less(right, left);
  return left == right;
}

std::string text_of(const Rule::Operand& operand) {
  return operand.param.empty() ? json::serialize(operand.constant) : operand.param;
}

std::string part_text(const Rule& rule) {
  const bool simple = rule.parts.empty() || rule.op == Rule::Op::kNot;
  return simple ? to_string(rule) : "(" + to_string(rule) + ")";
}

void add_params(const Rule& rule, std::vector<std::string>& names) {
  for (const auto& operand : rule.operands)
    if (!operand.param.empty() && std::ranges::find(names, operand.param) == names.end())
      names.push_back(operand.param);
  for (const Rule& part : rule.parts) add_params(part, names);
}

Rule joined(Rule::Op op, Rule left, Rule right) {
  Rule rule;
  rule.op = op;
  rule.parts = {std::move(left), std::move(right)};
  return rule;
}

std::size_t operands_of(Rule::Op op) {
  return op == Rule::Op::kGiven ? 1 : op <= Rule::Op::kNotEqual ? 2 : 0;
}

bool parts_fit(Rule::Op op, std::size_t parts) {
  switch (op) {
    case Rule::Op::kNot:
      return parts == 1;
    case Rule::Op::kImplies:
      return parts == 2;
    case Rule::Op::kAnd:
    case Rule::Op::kOr:
      return true;
    default:
      return parts == 0;
  }
}

Result<Rule> read_rule(const json::value& value, std::size_t depth) {
  const auto* object = value.if_object();
  if (object == nullptr || object->size() != 1 || depth > kMaxDepth)
    return corrupt("a rule of a manifest is none");
  const auto& member = *object->begin();
  const auto name = std::ranges::find(kNames, member.key());
  if (name == kNames.end() || !member.value().is_array())
    return corrupt("a rule of a manifest has the unknown form '" + std::string(member.key()) + "'");
  Rule rule;
  rule.op = static_cast<Rule::Op>(name - kNames.begin());
  const json::array& arguments = member.value().as_array();
  if (operands_of(rule.op) > 0) {
    for (const json::value& argument : arguments) {
      Rule::Operand operand;
      const auto* of_param = argument.if_object();
      if (of_param == nullptr) {
        operand.constant = argument;
      } else {
        CAIRN_ASSIGN(operand.param, get_string(*of_param, "param"));
      }
      rule.operands.push_back(std::move(operand));
    }
  } else {
    for (const json::value& argument : arguments) {
      CAIRN_ASSIGN(Rule part, read_rule(argument, depth + 1));
      rule.parts.push_back(std::move(part));
    }
  }
  if (rule.operands.size() != operands_of(rule.op) || !parts_fit(rule.op, rule.parts.size()))
    return corrupt("a rule of a manifest has the wrong number of parts");
  return rule;
}

}  // namespace

Rule operator!(Rule rule) {
  Rule negated;
  negated.op = Rule::Op::kNot;
  negated.parts.push_back(std::move(rule));
  return negated;
}
Rule operator&&(Rule left, Rule right) {
  return joined(Rule::Op::kAnd, std::move(left), std::move(right));
}
Rule operator||(Rule left, Rule right) {
  return joined(Rule::Op::kOr, std::move(left), std::move(right));
}
Rule implies(Rule condition, Rule consequence) {
  return joined(Rule::Op::kImplies, std::move(condition), std::move(consequence));
}

Rule at_most_one(const std::vector<Rule>& rules) {
  Rule all;
  for (std::size_t i = 0; i < rules.size(); ++i)
    for (std::size_t j = i + 1; j < rules.size(); ++j) all.parts.push_back(!(rules[i] && rules[j]));
  return all;
}

Rule exactly_one(const std::vector<Rule>& rules) {
  Rule any;
  any.op = Rule::Op::kOr;
  any.parts = rules;
  return std::move(any) && at_most_one(rules);
}

bool holds(const Rule& rule, const json::object& params) {
  const auto part_holds = [&](const Rule& part) { return holds(part, params); };
  const auto operand = [&](std::size_t i) -> const json::value& {
    return value_of(rule.operands[i], params);
  };
  switch (rule.op) {
    case Rule::Op::kLess:
      return less(operand(0), operand(1));
    case Rule::Op::kLessEqual:
      return less(operand(0), operand(1)) || equal(operand(0), operand(1));
    case Rule::Op::kEqual:
      return equal(operand(0), operand(1));
    case Rule::Op::kNotEqual:
      return !equal(operand(0), operand(1));
    case Rule::Op::kGiven:
      return is_given(operand(0));
    case Rule::Op::kNot:
      return !part_holds(rule.parts[0]);
    case Rule::Op::kAnd:
      return std::ranges::all_of(rule.parts, part_holds);
    case Rule::Op::kOr:
      return std::ranges::any_of(rule.parts, part_holds);
    case Rule::Op::kImplies:
      return !part_holds(rule.parts[0]) || part_holds(rule.parts[1]);
  }
  return false;
}

std::string to_string(const Rule& rule) {
  const std::string name = kNames[static_cast<std::size_t>(rule.op)];
  if (rule.op == Rule::Op::kGiven) return text_of(rule.operands[0]) + " is given";
  if (!rule.operands.empty())
    return text_of(rule.operands[0]) + " " + name + " " + text_of(rule.operands[1]);
  if (rule.op == Rule::Op::kNot) return "not (" + to_string(rule.parts[0]) + ")";
  if (rule.op == Rule::Op::kImplies)
    return "if " + part_text(rule.parts[0]) + " then " + part_text(rule.parts[1]);
  std::string text;
  for (const Rule& part : rule.parts)
    text += (text.empty() ? "" : " " + name + " ") + part_text(part);
  return text;
}

std::vector<std::string> params_of(const Rule& rule) {
  std::vector<std::string> names;
  add_params(rule, names);
  return names;
}

json::object to_json(const Rule& rule) {
  json::array arguments;
  for (const auto& operand : rule.operands)
    arguments.push_back(operand.param.empty()
                            ? operand.constant
                            : json::value(json::object{{"param", operand.param}}));
  for (const Rule& part : rule.parts) arguments.push_back(to_json(part));
  json::object object;
  object[kNames[static_cast<std::size_t>(rule.op)]] = std::move(arguments);
  return object;
}

Result<Rule> rule_from_json(const json::value& value) {
  return read_rule(value, 0);
}

}  // namespace cairn
