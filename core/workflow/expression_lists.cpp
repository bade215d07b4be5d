// Functions of lists, and of texts that become lists or come from them.
#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "core/workflow/expression_node.h"
#include "core/workflow/template.h"

namespace cairn {
namespace {

using Arguments = ExpressionArguments;

constexpr auto type_name = expression_type_name;

Result<const json::array*> list_of(const std::string& function, const json::value& value) {
  if (const auto* list = value.if_array()) return list;
  return wrong_argument(function, value, "a list");
}

Result<json::value> length(const std::string& function, const Arguments& arguments) {
  const json::value& value = arguments[0];
  if (value.is_array()) return json::value(static_cast<std::int64_t>(value.as_array().size()));
  if (value.is_object() && !is_secret(value))
    return json::value(static_cast<std::int64_t>(value.as_object().size()));
  if (value.is_string())
    return json::value(static_cast<std::int64_t>(
        std::ranges::count_if(value.as_string(), [](char c) { return (c & 0xc0) != 0x80; })));
  return wrong_argument(function, value, "a text, list or map");
}

Result<json::value> range(const std::string& function, const Arguments& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].is_int64()) return wrong_argument(function, arguments[i], "integers");
  }
  const bool from_zero = arguments.size() == 1;
  const std::int64_t begin = from_zero ? 0 : arguments[0].as_int64();
  const std::int64_t end = arguments[from_zero ? 0 : 1].as_int64();
  std::int64_t size = 0;
  if (end > begin && (__builtin_sub_overflow(end, begin, &size) ||
                      size > static_cast<std::int64_t>(kMaxExpressionList)))
    return invalid_argument("the list becomes too long",
                            "at most " + std::to_string(kMaxExpressionList) + " entries");
  json::array list;
  list.reserve(static_cast<std::size_t>(size));
  for (std::int64_t value = begin; value < end; ++value) list.emplace_back(value);
  return json::value(std::move(list));
}

Result<json::value> sum(const std::string& function, const Arguments& arguments) {
  CAIRN_ASSIGN(const auto* list, list_of(function, arguments[0]));
  std::int64_t whole = 0;
  double real = 0;
  bool integers = true;
  for (const auto& item : *list) {
    if (!item.is_number()) return wrong_argument(function, item, "a list of numbers");
    real += item.to_number<double>();
    integers = integers && item.is_int64();
    if (integers && __builtin_add_overflow(whole, item.as_int64(), &whole))
      return invalid_argument("the integer becomes too large");
  }
  return integers ? json::value(whole) : json::value(real);
}

bool is_below(const json::value& a, const json::value& b) {
  if (a.is_string()) return a.as_string() < b.as_string();
  if (a.is_int64() && b.is_int64()) return a.as_int64() < b.as_int64();
  return a.to_number<double>() < b.to_number<double>();
}

Result<json::value> sorted(const std::string& function, const Arguments& arguments) {
  CAIRN_ASSIGN(const auto* list, list_of(function, arguments[0]));
  json::array result = *list;
  for (const auto& item : result) {
    const bool comparable =
        result[0].is_string() ? item.is_string() : result[0].is_number() && item.is_number();
    if (!comparable) return wrong_argument(function, item, "numbers only or texts only");
  }
  // A copy of pointers is sorted, for values are large and moving them needs a swap of their own.
  std::vector<const json::value*> order;
  for (const auto& item : *list) order.push_back(&item);
  std::ranges::stable_sort(order, [](const auto* a, const auto* b) { return is_below(*a, *b); });
  for (std::size_t i = 0; i < order.size(); ++i) result[i] = *order[i];
  return json::value(std::move(result));
}

Result<json::value> reversed(const std::string& function, const Arguments& arguments) {
  CAIRN_ASSIGN(const auto* list, list_of(function, arguments[0]));
  json::array result;
  for (std::size_t i = list->size(); i > 0; --i) result.push_back((*list)[i - 1]);
  return json::value(std::move(result));
}

Result<json::value> unique(const std::string& function, const Arguments& arguments) {
  CAIRN_ASSIGN(const auto* list, list_of(function, arguments[0]));
  std::set<std::string> seen;
  json::array result;
  for (const auto& item : *list) {
    if (seen.insert(canonical_json(item)).second) result.push_back(item);
  }
  return json::value(std::move(result));
}

Result<json::value> end_of(const std::string& function, const Arguments& arguments) {
  CAIRN_ASSIGN(const auto* list, list_of(function, arguments[0]));
  if (list->empty()) return invalid_argument("'" + function + "' of an empty list");
  return function == "first" ? list->front() : list->back();
}

Result<json::value> zip(const std::string& function, const Arguments& arguments) {
  std::vector<const json::array*> lists;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    CAIRN_ASSIGN(const auto* list, list_of(function, arguments[i]));
    lists.push_back(list);
    if (list->size() != lists[0]->size())
      return invalid_argument("'zip' takes lists of one length, not of " +
                              std::to_string(lists[0]->size()) + " and " +
                              std::to_string(list->size()));
  }
  json::array result;
  for (std::size_t at = 0; at < lists[0]->size(); ++at) {
    json::array row;
    for (const auto* list : lists) row.push_back((*list)[at]);
    result.emplace_back(std::move(row));
  }
  return json::value(std::move(result));
}

Result<json::value> keys(const std::string& function, const Arguments& arguments) {
  if (!arguments[0].is_object() || is_secret(arguments[0]))
    return wrong_argument(function, arguments[0], "a map");
  json::array result;
  for (const auto& member : arguments[0].as_object())
    result.emplace_back(json::string(member.key()));
  return json::value(std::move(result));
}

Result<json::value> joined(const std::string& function, const Arguments& arguments) {
  if (!arguments[0].is_array() || !arguments[1].is_string())
    return wrong_argument(function, arguments[arguments[0].is_array() ? 1 : 0],
                          "a list and a text");
  std::vector<std::string> parts;
  std::size_t size = 0;
  for (const auto& item : arguments[0].as_array()) {
    auto part = template_text(item);
    if (!part) return wrong_argument(function, item, "a list of texts, numbers or bools");
    size += part->size() + arguments[1].as_string().size();
    if (size > kMaxExpressionText) return invalid_argument("the text becomes too long");
    parts.push_back(std::move(*part));
  }
  return json::value(json::string(join(parts, arguments[1].as_string())));
}

Result<json::value> split_text(const std::string& function, const Arguments& arguments) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (!arguments[i].is_string()) return wrong_argument(function, arguments[i], "two texts");
  }
  std::string_view rest = arguments[0].as_string();
  const std::string_view separator = arguments[1].as_string();
  if (separator.empty()) return invalid_argument("'split' needs a text to split at");
  json::array parts;
  for (std::size_t at = 0; (at = rest.find(separator)) != std::string_view::npos;) {
    parts.emplace_back(json::string(rest.substr(0, at)));
    rest.remove_prefix(at + separator.size());
  }
  parts.emplace_back(json::string(rest));
  return json::value(std::move(parts));
}

Result<json::value> contains(const std::string&, const Arguments& arguments) {
  return expression_contains(arguments[0], arguments[1]);
}

}  // namespace

Result<json::value> expression_contains(const json::value& whole, const json::value& part) {
  if (whole.is_array())
    return json::value(std::ranges::find(whole.as_array(), part) != whole.as_array().end());
  if (whole.is_object() && part.is_string() && !is_secret(whole))
    return json::value(whole.as_object().contains(part.as_string()));
  if (whole.is_string() && part.is_string())
    return json::value(whole.as_string().find(part.as_string()) != json::string::npos);
  return invalid_argument(std::string("cannot look for ") + type_name(part) + " in " +
                          type_name(whole));
}

const std::vector<ExpressionFunction>& expression_list_functions() {
  constexpr std::size_t kMany = 100;
  static const std::vector<ExpressionFunction> kFunctions = {
      {"len", 1, 1, length},       {"range", 1, 2, range},       {"sum", 1, 1, sum},
      {"sorted", 1, 1, sorted},    {"reversed", 1, 1, reversed}, {"unique", 1, 1, unique},
      {"first", 1, 1, end_of},     {"last", 1, 1, end_of},       {"zip", 1, kMany, zip},
      {"keys", 1, 1, keys},        {"join", 2, 2, joined},       {"split", 2, 2, split_text},
      {"contains", 2, 2, contains}};
  return kFunctions;
}

}  // namespace cairn
