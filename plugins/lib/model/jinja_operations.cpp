#include "plugins/lib/model/jinja_operations.h"

#include <algorithm>

#include "plugins/lib/model/jinja_text.h"

namespace cairn::model::jinja {

Result<void> Budget::spend(std::size_t bytes) {
  if (bytes > left_) {
    left_ = 0;
    return make_error(ErrorCode::kResourceExhausted,
                      "it takes more time and memory than Cairn gives a template");
  }
  left_ -= bytes;
  return {};
}

Result<void> Budget::spend_values(std::size_t count) {
  return spend(count > left_ / kValueCost ? left_ + 1 : count * kValueCost);
}

Result<Value> Budget::text(std::string text) {
  CAIRN_TRY(spend(text.size()));
  return Value::text(std::move(text));
}

Result<Value> texts(Budget& budget, const std::vector<std::string_view>& parts) {
  CAIRN_TRY(budget.spend_values(parts.size()));
  std::vector<Value> items;
  for (const std::string_view part : parts) {
    CAIRN_TRY(budget.spend(part.size()));
    items.push_back(Value::text(std::string(part)));
  }
  return make_list(std::move(items));
}

bool is_attribute(const Value& value, std::string_view name) {
  constexpr std::string_view kText =
      " capitalize casefold center count encode endswith expandtabs find format format_map index "
      "isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable "
      "isspace istitle isupper join ljust lower lstrip maketrans partition removeprefix "
      "removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines "
      "startswith strip swapcase title translate upper zfill ";
  constexpr std::string_view kList =
      " append clear copy count extend index insert pop remove reverse sort ";
  constexpr std::string_view kDict =
      " clear copy fromkeys get items keys pop popitem setdefault update values ";
  constexpr std::string_view kNumber =
      " as_integer_ratio bit_count bit_length conjugate denominator from_bytes fromhex hex imag "
      "is_integer numerator real to_bytes ";
  if (name.starts_with("__")) return true;
  const std::string_view names = value.as_text() != nullptr   ? kText
                                 : value.as_list() != nullptr ? kList
                                 : value.as_dict() != nullptr ? kDict
                                 : value.as_number()          ? kNumber
                                                              : "";
  return names.find(" " + std::string(name) + " ") != std::string_view::npos;
}

Result<Value> iterate(Budget& budget, const Value& value) {
  if (value.as_list() != nullptr) return value;
  std::vector<Value> items;
  if (const Dict* dict = value.as_dict()) {
    std::vector<std::string_view> names;
    for (const auto& member : dict->members) names.emplace_back(member.first);
    return texts(budget, names);
  }
  if (const std::string* text = value.as_text()) {
    CAIRN_TRY(budget.spend_values(text->size()));
    return texts(budget, characters(*text));
  }
  if (value.is_undefined()) return make_list({});
  return invalid_argument(std::string("the items of ") + value.kind());
}

Result<bool> contains(Budget& budget, const Value& whole, const Value& part) {
  CAIRN_TRY(budget.spend(cost_of(whole)));
  if (whole.as_text() != nullptr && part.as_text() != nullptr) {
    return find_part(*whole.as_text(), *part.as_text()) != std::string::npos;
  }
  if (const Dict* dict = whole.as_dict()) {
    return part.as_text() != nullptr && find(dict->members, *part.as_text()) != nullptr;
  }
  if (const auto* list = whole.as_list()) {
    return std::any_of(list->begin(), list->end(),
                       [&](const Value& item) { return equal(item, part); });
  }
  if (whole.is_undefined()) return false;
  return invalid_argument(std::string("`in` between ") + part.kind() + " and " + whole.kind());
}

std::size_t cost_of(const Value& value) {
  std::size_t cost = kValueCost;
  if (const std::string* text = value.as_text()) cost += text->size();
  if (const auto* list = value.as_list()) {
    for (const Value& item : *list) cost += cost_of(item);
  }
  if (const Dict* dict = value.as_dict()) {
    for (const auto& [name, member] : dict->members) cost += name.size() + cost_of(member);
  }
  return cost;
}

}  // namespace cairn::model::jinja
