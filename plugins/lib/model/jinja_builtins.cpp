#include "plugins/lib/model/jinja_builtins.h"

#include <algorithm>

#include "plugins/lib/model/jinja_text.h"

namespace cairn::model::jinja {
namespace {

using Arguments = std::vector<Value>;

Error refused(const std::string& what, const Value& value) {
  return invalid_argument(what + " of " + value.kind());
}

bool given(const Value& argument) {
  return !argument.is_undefined() && !argument.is_none();
}

// The text of an argument; Python takes no other kind there.
Result<std::string> text_of(const Value& argument) {
  if (const std::string* text = argument.as_text()) return *text;
  return refused("a text is asked for in place", argument);
}

// -1 where it is not given.
Result<std::int64_t> count_of(const Value& argument) {
  if (!given(argument)) return std::int64_t{-1};
  if (const auto count = argument.as_int()) return *count;
  return refused("an integer is asked for in place", argument);
}

template <Side side>
Result<Value> stripped(Budget& budget, const Value& self, const Arguments& arguments) {
  CAIRN_ASSIGN(const std::string text, self.to_text());
  if (!given(arguments[0])) return budget.text(std::string(strip(text, side)));
  CAIRN_ASSIGN(const std::string chars, text_of(arguments[0]));
  CAIRN_TRY(budget.spend_values(chars.size()));
  return budget.text(std::string(strip(text, side, chars)));
}

Result<Value> replaced(Budget& budget, const Value& self, const Arguments& arguments) {
  CAIRN_ASSIGN(const std::string text, self.to_text());
  CAIRN_ASSIGN(const std::string from, text_of(arguments[0]));
  CAIRN_ASSIGN(const std::string to, text_of(arguments[1]));
  CAIRN_ASSIGN(const std::int64_t count, count_of(arguments[2]));
  if (from.empty()) return invalid_argument("a replacement of the empty text");
  std::string made;
  std::size_t begin = 0;
  for (std::int64_t i = 0; count < 0 || i < count; ++i) {
    const std::size_t end = find_part(text, from, begin);
    if (end == std::string::npos) break;
    CAIRN_TRY(budget.spend(kValueCost + to.size()));
    made.append(text, begin, end - begin).append(to);
    begin = end + from.size();
  }
  return budget.text(made.append(text, begin));
}

Result<Value> lowered(Budget& budget, const Value& self, const Arguments&) {
  CAIRN_ASSIGN(const std::string text, self.to_text());
  return budget.text(lower(text));
}

Result<Value> uppered(Budget& budget, const Value& self, const Arguments&) {
  CAIRN_ASSIGN(const std::string text, self.to_text());
  return budget.text(upper(text));
}

Result<Value> length(Budget& budget, const Value& self, const Arguments&) {
  std::size_t count = 0;
  if (const std::string* text = self.as_text()) {
    CAIRN_TRY(budget.spend(text->size()));
    count = count_characters(*text);
  } else if (self.as_list() != nullptr) {
    count = self.as_list()->size();
  } else if (self.as_dict() != nullptr) {
    count = self.as_dict()->members.size();
  } else if (!self.is_undefined()) {
    return refused("the length", self);
  }
  return Value(static_cast<std::int64_t>(count));
}

Result<Value> as_json(Budget& budget, const Value& self, const Arguments& arguments) {
  constexpr std::int64_t kMaxIndent = 16;
  CAIRN_ASSIGN(const std::int64_t indent, count_of(arguments[1]));
  if (indent > kMaxIndent || (given(arguments[0]) && arguments[0].truth())) {
    return invalid_argument("JSON that is indented that far or kept to ASCII");
  }
  const std::size_t deepest = static_cast<std::size_t>(self.nesting() + 1);
  const std::size_t line = indent < 0 ? 0 : static_cast<std::size_t>(indent) * deepest;
  CAIRN_TRY(budget.spend(cost_of(self) * (1 + line / kValueCost)));
  CAIRN_ASSIGN(std::string text, to_json(self, indent));
  return budget.text(std::move(text));
}

Result<Value> joined(Budget& budget, const Value& self, const Arguments& arguments) {
  std::string between;
  if (!arguments[0].is_undefined()) {
    CAIRN_ASSIGN(between, text_of(arguments[0]));
  }
  CAIRN_ASSIGN(const Value list, iterate(budget, self));
  std::string made;
  for (const Value& item : *list.as_list()) {
    if (&item != list.as_list()->data()) made += between;
    CAIRN_ASSIGN(const std::string text, item.to_text());
    made += text;
    CAIRN_TRY(budget.spend(between.size() + text.size()));
  }
  return Value::text(std::move(made));
}

Result<Value> items_of(Budget& budget, const Value& self, const Arguments&) {
  std::vector<Value> items;
  if (self.is_undefined()) return make_list({});
  if (self.as_dict() == nullptr) return refused("the items", self);
  CAIRN_TRY(budget.spend_values(2 * self.as_dict()->members.size()));
  for (const auto& [name, value] : self.as_dict()->members) {
    CAIRN_ASSIGN(Value key, budget.text(name));
    CAIRN_ASSIGN(Value pair, make_list({std::move(key), value}));
    items.push_back(std::move(pair));
  }
  return make_list(std::move(items));
}

Result<Value> values_of(Budget& budget, const Value& self, const Arguments&) {
  CAIRN_TRY(budget.spend_values(self.as_dict()->members.size()));
  std::vector<Value> values;
  for (const auto& member : self.as_dict()->members) values.push_back(member.second);
  return make_list(std::move(values));
}

Result<Value> got(Budget& budget, const Value& self, const Arguments& arguments) {
  CAIRN_TRY(budget.spend_values(self.as_dict()->members.size()));
  const std::string* name = arguments[0].as_text();
  const Value* found = name == nullptr ? nullptr : find(self.as_dict()->members, *name);
  if (found != nullptr) return *found;
  return arguments[1].is_undefined() ? Value(None{}) : arguments[1];
}

template <bool at_end>
Result<Value> has_affix(Budget& budget, const Value& self, const Arguments& arguments) {
  CAIRN_ASSIGN(const Value affixes,
               arguments[0].as_list() != nullptr ? arguments[0] : make_list({arguments[0]}));
  for (const Value& affix : *affixes.as_list()) {
    CAIRN_ASSIGN(const std::string text, text_of(affix));
    CAIRN_TRY(budget.spend(text.size()));
    if (at_end ? self.as_text()->ends_with(text) : self.as_text()->starts_with(text)) {
      return Value(true);
    }
  }
  return Value(false);
}

Result<Value> split_up(Budget& budget, const Value& self, const Arguments& arguments) {
  CAIRN_ASSIGN(std::int64_t limit, count_of(arguments[1]));
  CAIRN_TRY(budget.spend(self.as_text()->size()));
  const auto affordable = static_cast<std::int64_t>(budget.left() / kValueCost);
  if (limit < 0 || limit > affordable) limit = affordable;
  if (!given(arguments[0])) return texts(budget, split_at_space(*self.as_text(), limit));
  CAIRN_ASSIGN(const std::string separator, text_of(arguments[0]));
  if (separator.empty()) return invalid_argument("a split at the empty text");
  return texts(budget, split(*self.as_text(), separator, limit));
}

template <bool last>
Result<Value> end_of(Budget& budget, const Value& self, const Arguments&) {
  CAIRN_ASSIGN(const Value list, iterate(budget, self));
  if (list.as_list()->empty()) return Value();
  return last ? list.as_list()->back() : list.as_list()->front();
}

Result<Value> defaulted(Budget&, const Value& self, const Arguments& arguments) {
  const bool falls_back = self.is_undefined() || (arguments[1].truth() && !self.truth());
  if (!falls_back) return self;
  return arguments[0].is_undefined() ? Value::text("") : arguments[0];
}

Result<Value> spelled(Budget& budget, const Value& self, const Arguments&) {
  CAIRN_ASSIGN(std::string text, self.to_text());
  return budget.text(std::move(text));
}

Result<Value> marked_safe(Budget& budget, const Value& self, const Arguments&) {
  CAIRN_ASSIGN(std::string text, self.to_text());
  CAIRN_TRY(budget.spend(text.size()));
  return Value(std::make_shared<const Markup>(Markup{std::move(text)}));
}

bool is_text(const Value& value) {
  return value.as_text() != nullptr || value.is<std::shared_ptr<const Markup>>();
}

template <bool (*holds)(const Value&)>
Result<Value> tested(Budget&, const Value& self, const Arguments&) {
  return Value(holds(self));
}

template <bool wanted>
Result<Value> is_equal(Budget& budget, const Value& self, const Arguments& arguments) {
  CAIRN_TRY(budget.spend(cost_of(self)));
  return Value(equal(self, arguments[0]) == wanted);
}

Result<Value> is_in(Budget& budget, const Value& self, const Arguments& arguments) {
  CAIRN_ASSIGN(const bool found, contains(budget, arguments[0], self));
  return Value(found);
}

bool is_iterable(const Value& value) {
  return value.is_undefined() || is_text(value) || value.as_list() != nullptr ||
         value.as_dict() != nullptr;
}
bool is_undefined(const Value& value) {
  return value.is_undefined();
}
bool is_defined(const Value& value) {
  return !value.is_undefined();
}
bool is_none(const Value& value) {
  return value.is_none();
}
bool is_mapping(const Value& value) {
  return value.as_dict() != nullptr;
}
bool is_number(const Value& value) {
  return value.as_number().has_value();
}
bool is_float(const Value& value) {
  return value.is<double>();
}
bool is_boolean(const Value& value) {
  return value.is<bool>();
}
bool is_integer(const Value& value) {
  return value.is<std::int64_t>();
}
bool is_true(const Value& value) {
  return value.is<bool>() && value.truth();
}
bool is_false(const Value& value) {
  return value.is<bool>() && !value.truth();
}

const std::vector<Builtin>& tests() {
  static const std::vector<Builtin> kAll = {
      {"defined", {}, 0, tested<is_defined>},    {"undefined", {}, 0, tested<is_undefined>},
      {"none", {}, 0, tested<is_none>},          {"string", {}, 0, tested<is_text>},
      {"mapping", {}, 0, tested<is_mapping>},    {"iterable", {}, 0, tested<is_iterable>},
      {"sequence", {}, 0, tested<is_iterable>},  {"number", {}, 0, tested<is_number>},
      {"integer", {}, 0, tested<is_integer>},    {"float", {}, 0, tested<is_float>},
      {"boolean", {}, 0, tested<is_boolean>},    {"true", {}, 0, tested<is_true>},
      {"false", {}, 0, tested<is_false>},        {"in", {"seq"}, 1, is_in},
      {"equalto", {"other"}, 1, is_equal<true>}, {"eq", {"other"}, 1, is_equal<true>},
      {"ne", {"other"}, 1, is_equal<false>},
  };
  return kAll;
}

// The items for which a test holds, or does not.
template <bool wanted>
Result<Value> chosen(Budget& budget, const Value& self, const Arguments& arguments) {
  CAIRN_ASSIGN(const std::string name, text_of(arguments[0]));
  const Builtin* test = find_test(name);
  if (test == nullptr) return invalid_argument("the test " + name);
  if (test->required == 0 && !arguments[1].is_undefined()) {
    return invalid_argument("an argument of the test " + name);
  }
  CAIRN_ASSIGN(const Value list, iterate(budget, self));
  CAIRN_TRY(budget.spend_values(list.as_list()->size()));
  std::vector<Value> kept;
  for (const Value& item : *list.as_list()) {
    CAIRN_ASSIGN(const Value holds, test->run(budget, item, {arguments[1]}));
    if (holds.truth() == wanted) kept.push_back(item);
  }
  return make_list(std::move(kept));
}

const std::vector<Builtin>& filters() {
  static const std::vector<Builtin> kAll = {
      {"trim", {"chars"}, 0, stripped<Side::kBoth>},
      {"length", {}, 0, length},
      {"count", {}, 0, length},
      {"tojson", {"ensure_ascii", "indent"}, 0, as_json},
      {"default", {"default_value", "boolean"}, 0, defaulted},
      {"d", {"default_value", "boolean"}, 0, defaulted},
      {"join", {"d"}, 0, joined},
      {"first", {}, 0, end_of<false>},
      {"last", {}, 0, end_of<true>},
      {"list",
       {},
       0,
       [](Budget& budget, const Value& self, const Arguments&) { return iterate(budget, self); }},
      {"items", {}, 0, items_of},
      {"string", {}, 0, spelled},
      {"safe", {}, 0, marked_safe},
      {"lower", {}, 0, lowered},
      {"upper", {}, 0, uppered},
      {"replace", {"old", "new", "count"}, 2, replaced},
      {"select", {"test", "argument"}, 1, chosen<true>},
      {"reject", {"test", "argument"}, 1, chosen<false>},
  };
  return kAll;
}

const std::vector<Builtin>& text_methods() {
  static const std::vector<Builtin> kAll = {
      {"startswith", {"prefix"}, 1, has_affix<false>},
      {"endswith", {"suffix"}, 1, has_affix<true>},
      {"strip", {"chars"}, 0, stripped<Side::kBoth>},
      {"lstrip", {"chars"}, 0, stripped<Side::kLeft>},
      {"rstrip", {"chars"}, 0, stripped<Side::kRight>},
      {"split", {"sep", "maxsplit"}, 0, split_up},
      {"replace", {"old", "new", "count"}, 2, replaced},
      {"lower", {}, 0, lowered},
      {"upper", {}, 0, uppered},
  };
  return kAll;
}

const std::vector<Builtin>& dict_methods() {
  static const std::vector<Builtin> kAll = {
      {"get", {"key", "default"}, 1, got},
      {"items", {}, 0, items_of},
      {"keys",
       {},
       0,
       [](Budget& budget, const Value& self, const Arguments&) { return iterate(budget, self); }},
      {"values", {}, 0, values_of},
  };
  return kAll;
}

const Builtin* find_in(const std::vector<Builtin>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Builtin& builtin) { return builtin.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

const Builtin* find_filter(std::string_view name) {
  return find_in(filters(), name);
}

const Builtin* find_test(std::string_view name) {
  return find_in(tests(), name);
}

const Builtin* find_text_method(std::string_view name) {
  return find_in(text_methods(), name);
}

const Builtin* find_dict_method(std::string_view name) {
  return find_in(dict_methods(), name);
}

bool is_method(std::string_view name) {
  return find_text_method(name) != nullptr || find_dict_method(name) != nullptr;
}

}  // namespace cairn::model::jinja
