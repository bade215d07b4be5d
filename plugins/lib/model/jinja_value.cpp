#include "plugins/lib/model/jinja_value.h"

#include <algorithm>

#include "plugins/lib/model/jinja_text.h"

namespace cairn::model::jinja {
namespace {

template <typename T>
const T* pointee(const std::shared_ptr<const T>* held) {
  return held == nullptr ? nullptr : held->get();
}

Result<int> nesting_around(int inner) {
  if (inner < kMaxNesting) return inner + 1;
  return invalid_argument("a value is nested more than " + std::to_string(kMaxNesting) + " deep");
}

Error holds_namespace() {
  return invalid_argument("a namespace stands inside another value");
}

}  // namespace

const std::string* Value::as_text() const {
  return pointee(std::get_if<std::shared_ptr<const std::string>>(&data_));
}

const std::vector<Value>* Value::as_list() const {
  const List* list = pointee(std::get_if<std::shared_ptr<const List>>(&data_));
  return list == nullptr ? nullptr : &list->items;
}

const Dict* Value::as_dict() const {
  return pointee(std::get_if<std::shared_ptr<const Dict>>(&data_));
}

Namespace* Value::as_namespace() const {
  const auto* held = std::get_if<std::shared_ptr<Namespace>>(&data_);
  return held == nullptr ? nullptr : held->get();
}

std::optional<std::int64_t> Value::as_int() const {
  if (const auto* number = std::get_if<std::int64_t>(&data_)) return *number;
  if (const bool* flag = std::get_if<bool>(&data_)) return *flag ? 1 : 0;
  return std::nullopt;
}

std::optional<double> Value::as_number() const {
  if (const auto* number = std::get_if<double>(&data_)) return *number;
  if (const auto number = as_int()) return static_cast<double>(*number);
  return std::nullopt;
}

bool Value::truth() const {
  if (is_undefined() || is_none()) return false;
  if (const auto number = as_number()) return *number != 0;
  if (const std::string* text = as_text()) return !text->empty();
  if (const auto* list = as_list()) return !list->empty();
  if (const Dict* dict = as_dict()) return !dict->members.empty();
  if (const auto* markup = std::get_if<std::shared_ptr<const Markup>>(&data_)) {
    return !(*markup)->text.empty();
  }
  return true;
}

int Value::nesting() const {
  if (const auto* list = std::get_if<std::shared_ptr<const List>>(&data_)) return (*list)->nesting;
  const Dict* dict = as_dict();
  return dict == nullptr ? 0 : dict->nesting;
}

const char* Value::kind() const {
  constexpr const char* kKinds[] = {"an undefined value", "none",       "a boolean",   "an integer",
                                    "a number",           "a text",     "a safe text", "a list",
                                    "a dictionary",       "a namespace"};
  return kKinds[data_.index()];
}

Result<std::string> Value::to_text() const {
  if (is_undefined()) return std::string();
  if (is_none()) return std::string("None");
  if (const bool* flag = std::get_if<bool>(&data_)) return std::string(*flag ? "True" : "False");
  if (const auto* number = std::get_if<std::int64_t>(&data_)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&data_)) return float_text(*number);
  if (const std::string* text = as_text()) return *text;
  if (const auto* markup = std::get_if<std::shared_ptr<const Markup>>(&data_)) {
    return (*markup)->text;
  }
  return invalid_argument(std::string(kind()) + " is written as text");
}

const Value* find(const Members& members, std::string_view name) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const auto& member) { return member.first == name; });
  return found == members.end() ? nullptr : &found->second;
}

Result<Value> make_list(std::vector<Value> items) {
  int inner = 0;
  for (const Value& item : items) {
    if (item.as_namespace() != nullptr) return holds_namespace();
    inner = std::max(inner, item.nesting());
  }
  CAIRN_ASSIGN(const int nesting, nesting_around(inner));
  return Value(std::make_shared<const List>(List{std::move(items), nesting}));
}

Result<Value> make_dict(Members members) {
  int inner = 0;
  for (const auto& [name, value] : members) {
    if (value.as_namespace() != nullptr) return holds_namespace();
    inner = std::max(inner, value.nesting());
  }
  CAIRN_ASSIGN(const int nesting, nesting_around(inner));
  return Value(std::make_shared<const Dict>(Dict{std::move(members), nesting}));
}

namespace {

Result<Value> converted(const json::value& value, int depth) {
  if (depth > kMaxNesting) return nesting_around(depth).error();
  switch (value.kind()) {
    case json::kind::null:
      return Value(None{});
    case json::kind::bool_:
      return Value(value.get_bool());
    case json::kind::int64:
      return Value(std::int64_t{value.get_int64()});
    case json::kind::uint64:
      return invalid_argument("the integer " + std::to_string(value.get_uint64()) +
                              " is beyond 64 bits with a sign");
    case json::kind::double_:
      return Value(value.get_double());
    case json::kind::string:
      return Value::text(std::string(value.get_string()));
    case json::kind::array: {
      std::vector<Value> items;
      for (const json::value& item : value.get_array()) {
        CAIRN_ASSIGN(Value made, converted(item, depth + 1));
        items.push_back(std::move(made));
      }
      return make_list(std::move(items));
    }
    case json::kind::object: {
      Members members;
      for (const auto& [name, member] : value.get_object()) {
        CAIRN_ASSIGN(Value made, converted(member, depth + 1));
        members.emplace_back(std::string(name), std::move(made));
      }
      return make_dict(std::move(members));
    }
  }
  return internal_error("JSON of an unknown kind");
}

}  // namespace

Result<Value> from_json(const json::value& value) {
  return converted(value, 0);
}

bool equal(const Value& a, const Value& b) {
  if (a.as_int() && b.as_int()) return *a.as_int() == *b.as_int();
  if (a.as_number() && b.as_number()) return *a.as_number() == *b.as_number();
  if (a.as_text() != nullptr && b.as_text() != nullptr) return *a.as_text() == *b.as_text();
  if (a.as_list() != nullptr && b.as_list() != nullptr) {
    return std::equal(a.as_list()->begin(), a.as_list()->end(), b.as_list()->begin(),
                      b.as_list()->end(), equal);
  }
  if (a.as_dict() != nullptr && b.as_dict() != nullptr) {
    const Members& ours = a.as_dict()->members;
    return ours.size() == b.as_dict()->members.size() &&
           std::all_of(ours.begin(), ours.end(), [&](const auto& member) {
             const Value* other = find(b.as_dict()->members, member.first);
             return other != nullptr && equal(member.second, *other);
           });
  }
  return (a.is_undefined() && b.is_undefined()) || (a.is_none() && b.is_none());
}

}  // namespace cairn::model::jinja
