#include "plugins/lib/model/jinja_evaluator.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "plugins/lib/model/jinja_lexer.h"
#include "plugins/lib/model/jinja_text.h"

namespace cairn::model::jinja {
namespace {

constexpr std::size_t kStepCost = 16;  // of a budget, for any node
constexpr std::array<std::string_view, 7> kFunctions = {
    "namespace", "range", "raise_exception", "dict", "cycler", "joiner", "lipsum"};

bool is_function(std::string_view name) {
  return std::find(kFunctions.begin(), kFunctions.end(), name) != kFunctions.end();
}

}  // namespace

Result<void> Evaluator::step(const Node& node) {
  if (depth_ > kMaxDepth) {
    return refuse(node, "more than " + std::to_string(kMaxDepth) + " steps inside each other");
  }
  const auto paid = budget_.spend(kStepCost);
  return paid.ok() ? Result<void>() : at(node, paid.error());
}

Error Evaluator::refuse(const Node& node, const std::string& what) const {
  return error_at(source_, node.at, what);
}

Error Evaluator::at(const Node& node, const Error& error) const {
  Error placed = refuse(node, error.message);
  placed.code = error.code;
  return placed;
}

const Value* Evaluator::find_name(std::string_view name) const {
  for (const Frame* frame = frame_; frame != nullptr; frame = frame->outer) {
    if (const Value* value = find(frame->names, name)) return value;
  }
  return nullptr;
}

Result<Value> Evaluator::evaluate(const Node& node) {
  const Depth depth(*this);
  CAIRN_TRY(step(node));
  const auto part = [&](std::size_t i) { return evaluate(*node.parts[i]); };
  switch (node.kind) {
    case Node::Kind::kConstant:
      return node.value;
    case Node::Kind::kName:
      return evaluate_name(node);
    case Node::Kind::kList:
      return evaluate_list(node);
    case Node::Kind::kDict:
      return evaluate_dict(node);
    case Node::Kind::kAttribute: {
      CAIRN_ASSIGN(const Value value, part(0));
      return attribute_of(node, value, node.text);
    }
    case Node::Kind::kIndex:
      return evaluate_index(node);
    case Node::Kind::kSlice:
      return evaluate_slice(node);
    case Node::Kind::kCall:
      return evaluate_call(node);
    case Node::Kind::kMethod:
      return evaluate_method(node);
    case Node::Kind::kFilter:
    case Node::Kind::kTest: {
      CAIRN_ASSIGN(const Value self, part(0));
      const bool filter = node.kind == Node::Kind::kFilter;
      return call_builtin(node, filter ? find_filter(node.text) : find_test(node.text), self);
    }
    case Node::Kind::kNot: {
      CAIRN_ASSIGN(const Value value, part(0));
      return Value(!value.truth());
    }
    case Node::Kind::kNegate: {
      CAIRN_ASSIGN(const Value value, part(0));
      std::int64_t negated = 0;
      if (!value.as_int() || __builtin_sub_overflow(std::int64_t{0}, *value.as_int(), &negated)) {
        return refuse(node, std::string("a minus before ") + value.kind());
      }
      return Value(negated);
    }
    case Node::Kind::kAnd:
    case Node::Kind::kOr: {
      CAIRN_ASSIGN(const Value left, part(0));
      if (left.truth() == (node.kind == Node::Kind::kOr)) return left;
      return part(1);
    }
    case Node::Kind::kBinary:
      return evaluate_binary(node);
    case Node::Kind::kCompare:
      return evaluate_comparison(node);
    case Node::Kind::kConditional: {
      CAIRN_ASSIGN(const Value condition, part(0));
      if (condition.truth()) return part(1);
      return node.parts[2] == nullptr ? Result<Value>(Value()) : part(2);
    }
    default:
      return internal_error("a statement of a template was taken for an expression");
  }
}

Result<Value> Evaluator::evaluate_name(const Node& node) {
  if (const Value* value = find_name(node.text)) return *value;
  const bool macro = std::any_of(macros_.begin(), macros_.end(),
                                 [&](const auto& known) { return known.first == node.text; });
  if (macro || is_function(node.text)) return refuse(node, node.text + " without a call");
  return Value();
}

Result<Value> Evaluator::evaluate_list(const Node& node) {
  std::vector<Value> items;
  for (const NodePtr& part : node.parts) {
    CAIRN_ASSIGN(Value item, evaluate(*part));
    items.push_back(std::move(item));
  }
  auto list = make_list(std::move(items));
  return list.ok() ? std::move(list) : at(node, list.error());
}

Result<Value> Evaluator::evaluate_dict(const Node& node) {
  Members members;
  for (std::size_t i = 0; i < node.parts.size(); i += 2) {
    CAIRN_ASSIGN(const Value key, evaluate(*node.parts[i]));
    if (key.as_text() == nullptr) return refuse(node, std::string("a key that is ") + key.kind());
    CAIRN_ASSIGN(Value value, evaluate(*node.parts[i + 1]));
    const auto known = std::find_if(members.begin(), members.end(), [&](const auto& member) {
      return member.first == *key.as_text();
    });
    if (known != members.end()) {
      known->second = std::move(value);
    } else {
      members.emplace_back(*key.as_text(), std::move(value));
    }
  }
  auto dict = make_dict(std::move(members));
  return dict.ok() ? std::move(dict) : at(node, dict.error());
}

Result<Value> Evaluator::attribute_of(const Node& node, const Value& value,
                                      const std::string& name) {
  if (value.is_undefined()) return refuse(node, name + " of an undefined value");
  if (const Namespace* names = value.as_namespace()) {
    const Value* found = find(names->members, name);
    return found == nullptr ? Value() : *found;
  }
  // Python finds its methods first where a dot is written, keys where brackets are.
  const bool dot = node.kind == Node::Kind::kAttribute;
  if (dot && is_attribute(value, name)) return refuse(node, name + " of " + value.kind());
  if (const Dict* dict = value.as_dict()) {
    CAIRN_TRY(budget_.spend(dict->members.size()));
    if (const Value* found = find(dict->members, name)) return *found;
  }
  if (!dot && is_attribute(value, name)) return refuse(node, name + " of " + value.kind());
  return Value();
}

Result<Value> Evaluator::evaluate_index(const Node& node) {
  CAIRN_ASSIGN(const Value value, evaluate(*node.parts[0]));
  CAIRN_ASSIGN(const Value index, evaluate(*node.parts[1]));
  if (index.as_text() != nullptr) return attribute_of(node, value, *index.as_text());
  const auto* list = value.as_list();
  const std::string* text = value.as_text();
  if (!index.as_int() || (list == nullptr && text == nullptr)) {
    if (value.as_dict() != nullptr && index.as_int()) return Value();
    return refuse(node, std::string("an index that is ") + index.kind() + ", of " + value.kind());
  }
  if (text != nullptr) CAIRN_TRY(budget_.spend(text->size()));
  const auto size =
      static_cast<std::int64_t>(list != nullptr ? list->size() : count_characters(*text));
  const std::int64_t from_begin = *index.as_int() < 0 ? *index.as_int() + size : *index.as_int();
  if (from_begin < 0 || from_begin >= size) return Value();
  const auto position = static_cast<std::size_t>(from_begin);
  if (list != nullptr) return (*list)[position];
  return Value::text(std::string(part_of(*text, position, 1)));
}

Result<Value> Evaluator::evaluate_slice(const Node& node) {
  CAIRN_ASSIGN(const Value value, evaluate(*node.parts[0]));
  std::array<std::optional<std::int64_t>, 3> bounds;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (node.parts[i + 1] == nullptr) continue;
    CAIRN_ASSIGN(const Value bound, evaluate(*node.parts[i + 1]));
    if (!bound.as_int() && !bound.is_none()) {
      return refuse(node, std::string("a slice to ") + bound.kind());
    }
    bounds[i] = bound.as_int();
  }
  const auto* list = value.as_list();
  const std::string* text = value.as_text();
  if (list == nullptr && text == nullptr) {
    return refuse(node, std::string("a slice of ") + value.kind());
  }
  if (text != nullptr) CAIRN_TRY(budget_.spend(text->size()));
  const auto size =
      static_cast<std::int64_t>(list != nullptr ? list->size() : count_characters(*text));
  const std::int64_t step = std::clamp(bounds[2].value_or(1), -size - 1, size + 1);
  if (step == 0) return refuse(node, "a slice in steps of 0");
  const std::int64_t lowest = step > 0 ? 0 : -1;
  const std::int64_t highest = step > 0 ? size : size - 1;
  const auto clamped = [&](std::optional<std::int64_t> bound, std::int64_t otherwise) {
    if (!bound) return otherwise;
    return std::clamp(*bound < 0 ? *bound + size : *bound, lowest, highest);
  };
  const std::int64_t begin = clamped(bounds[0], step > 0 ? lowest : highest);
  const std::int64_t end = clamped(bounds[1], step > 0 ? highest : lowest);
  if (text != nullptr && step == 1) {
    return budget_.text(
        std::string(part_of(*text, static_cast<std::size_t>(begin),
                            static_cast<std::size_t>(std::max(end - begin, std::int64_t{0})))));
  }
  CAIRN_TRY(budget_.spend_values(static_cast<std::size_t>(size)));
  const auto all = text != nullptr ? characters(*text) : std::vector<std::string_view>();
  std::vector<Value> items;
  std::string made;
  for (std::int64_t i = begin; step > 0 ? i < end : i > end; i += step) {
    const auto at = static_cast<std::size_t>(i);
    if (list != nullptr) items.push_back((*list)[at]);
    if (text != nullptr) made += all[at];
  }
  return list != nullptr ? make_list(std::move(items)) : Value::text(std::move(made));
}

Result<Evaluator::Arguments> Evaluator::arguments_of(const Node& node, std::size_t first) {
  Arguments arguments;
  const std::size_t named = node.parts.size() - node.names.size();
  for (std::size_t i = first; i < node.parts.size(); ++i) {
    CAIRN_ASSIGN(Value value, evaluate(*node.parts[i]));
    if (i < named) {
      arguments.values.push_back(std::move(value));
    } else {
      arguments.named.emplace_back(node.names[i - named], std::move(value));
    }
  }
  return arguments;
}

Result<Evaluator::Bound> Evaluator::bound(const Node& node, Arguments arguments,
                                          const std::vector<std::string_view>& parameters,
                                          std::size_t required) const {
  if (arguments.values.size() > parameters.size()) {
    return refuse(node, "too many arguments of " + node.text);
  }
  Bound values(parameters.size());
  std::move(arguments.values.begin(), arguments.values.end(), values.begin());
  for (auto& [name, value] : arguments.named) {
    const auto found = std::find(parameters.begin(), parameters.end(), name);
    const auto i = static_cast<std::size_t>(found - parameters.begin());
    if (found == parameters.end() || values[i]) {
      return refuse(node, "the argument " + name + " of " + node.text);
    }
    values[i] = std::move(value);
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (!values[i]) return refuse(node, "too few arguments of " + node.text);
  }
  return values;
}

Result<Value> Evaluator::call_builtin(const Node& node, const Builtin* builtin, const Value& self) {
  CAIRN_ASSIGN(Arguments arguments, arguments_of(node, 1));
  CAIRN_ASSIGN(const Bound given,
               bound(node, std::move(arguments), builtin->parameters, builtin->required));
  std::vector<Value> values;
  for (const auto& value : given) values.push_back(value.value_or(Value()));
  auto made = builtin->run(budget_, self, values);
  return made.ok() ? std::move(made) : at(node, made.error());
}

Result<Value> Evaluator::evaluate_method(const Node& node) {
  CAIRN_ASSIGN(const Value self, evaluate(*node.parts[0]));
  const Builtin* method = self.as_text() != nullptr   ? find_text_method(node.text)
                          : self.as_dict() != nullptr ? find_dict_method(node.text)
                                                      : nullptr;
  if (method == nullptr) return refuse(node, "the method " + node.text + " of " + self.kind());
  return call_builtin(node, method, self);
}

Result<Value> Evaluator::evaluate_call(const Node& node) {
  for (const auto& [name, macro] : macros_) {
    if (name == node.text) return call_macro(node, *macro);
  }
  if (node.text == "range") return call_range(node);
  CAIRN_ASSIGN(Arguments arguments, arguments_of(node, 0));
  if (node.text == "namespace" && arguments.values.empty()) {
    return Value(std::make_shared<Namespace>(Namespace{std::move(arguments.named)}));
  }
  if (node.text == "raise_exception") {
    CAIRN_ASSIGN(const Bound values, bound(node, std::move(arguments), {"message"}, 1));
    CAIRN_ASSIGN(const std::string message, values[0]->to_text());
    return invalid_argument("the chat template refuses these messages: " + printable(message),
                            "the words are the template's own; give it messages that it takes");
  }
  return refuse(node, "a call of " + node.text +
                          (is_function(node.text) ? " like this" : ", which is not defined"));
}

Result<Value> Evaluator::call_range(const Node& node) {
  CAIRN_ASSIGN(const Arguments arguments, arguments_of(node, 0));
  std::array<std::int64_t, 3> bounds = {0, 0, 1};
  const std::size_t count = arguments.values.size();
  if (count < 1 || count > 3 || !arguments.named.empty()) {
    return refuse(node, "range with other than one to three arguments");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto bound = arguments.values[i].as_int();
    constexpr std::int64_t kMost = 1'000'000;
    if (!bound || *bound > kMost || *bound < -kMost) {
      return refuse(node, "range of something else than integers up to a million");
    }
    bounds[count == 1 ? 1 : i] = *bound;
  }
  if (bounds[2] == 0) return refuse(node, "range in steps of 0");
  std::vector<Value> items;
  for (auto i = bounds[0]; bounds[2] > 0 ? i < bounds[1] : i > bounds[1]; i += bounds[2]) {
    CAIRN_TRY(budget_.spend_values(1));
    items.emplace_back(i);
  }
  return make_list(std::move(items));
}

Result<Value> Evaluator::evaluate_binary(const Node& node) {
  CAIRN_ASSIGN(const Value a, evaluate(*node.parts[0]));
  CAIRN_ASSIGN(const Value b, evaluate(*node.parts[1]));
  if (node.text == "~") {
    auto left = a.to_text();
    auto right = b.to_text();
    if (!left.ok() || !right.ok()) return at(node, left.ok() ? right.error() : left.error());
    return budget_.text(*left + *right);
  }
  if (a.as_int() && b.as_int()) return arithmetic(node, *a.as_int(), *b.as_int());
  if (node.text == "+" && a.as_text() != nullptr && b.as_text() != nullptr) {
    return budget_.text(*a.as_text() + *b.as_text());
  }
  if (node.text == "+" && a.as_list() != nullptr && b.as_list() != nullptr) {
    CAIRN_TRY(budget_.spend_values(a.as_list()->size() + b.as_list()->size()));
    std::vector<Value> items = *a.as_list();
    items.insert(items.end(), b.as_list()->begin(), b.as_list()->end());
    return make_list(std::move(items));
  }
  return refuse(node, node.text + " between " + a.kind() + " and " + b.kind());
}

Result<Value> Evaluator::arithmetic(const Node& node, std::int64_t a, std::int64_t b) const {
  std::int64_t made = 0;
  bool fails = false;
  if (node.text == "+") {
    fails = __builtin_add_overflow(a, b, &made);
  } else if (node.text == "-") {
    fails = __builtin_sub_overflow(a, b, &made);
  } else if (node.text == "*") {
    fails = __builtin_mul_overflow(a, b, &made);
  } else {
    fails = b == 0 || (a == INT64_MIN && b == -1);
    if (!fails) {
      // Python rounds down.
      const bool rounds = a % b != 0 && (a < 0) != (b < 0);
      made = node.text == "%" ? a % b + (rounds ? b : 0) : a / b - (rounds ? 1 : 0);
    }
  }
  if (fails) return refuse(node, node.text + " by 0 or beyond 64 bits");
  return Value(made);
}

Result<Value> Evaluator::evaluate_comparison(const Node& node) {
  CAIRN_ASSIGN(Value left, evaluate(*node.parts[0]));
  for (std::size_t i = 0; i < node.names.size(); ++i) {
    CAIRN_ASSIGN(Value right, evaluate(*node.parts[i + 1]));
    CAIRN_ASSIGN(const bool holds, compare(node, node.names[i], left, right));
    if (!holds) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Result<bool> Evaluator::compare(const Node& node, const std::string& sign, const Value& a,
                                const Value& b) {
  CAIRN_TRY(budget_.spend(cost_of(a)));
  if (sign == "==") return equal(a, b);
  if (sign == "!=") return !equal(a, b);
  if (sign == "in" || sign == "not in") {
    auto found = contains(budget_, b, a);
    if (!found.ok()) return at(node, found.error());
    return *found == (sign == "in");
  }
  int order = 0;
  if (a.as_text() != nullptr && b.as_text() != nullptr) {
    order = a.as_text()->compare(*b.as_text());
  } else if (a.as_int() && b.as_int()) {
    order = (*a.as_int() > *b.as_int()) - (*a.as_int() < *b.as_int());
  } else if (a.as_number() && b.as_number()) {
    order = (*a.as_number() > *b.as_number()) - (*a.as_number() < *b.as_number());
  } else {
    return refuse(node, sign + " between " + a.kind() + " and " + b.kind());
  }
  if (sign == "<") return order < 0;
  if (sign == "<=") return order <= 0;
  return sign == ">" ? order > 0 : order >= 0;
}

}  // namespace cairn::model::jinja
