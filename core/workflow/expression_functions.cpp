#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/text.h"
#include "core/workflow/expression.h"
#include "core/workflow/expression_node.h"
#include "core/workflow/template.h"

namespace cairn {
namespace {

using Values = std::vector<json::value>;

constexpr auto type_name = expression_type_name;

bool is_integer(const json::value& value) {
  return value.is_int64() || value.is_uint64();
}

double number(const json::value& value) {
  return value.to_number<double>();
}

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

Error wrong_argument(const std::string& function, const json::value& value, const char* wanted) {
  return invalid_argument("'" + function + "' takes " + wanted + ", not " + type_name(value));
}

Result<json::value> extreme(const std::string& function, const Values& arguments) {
  Values values = arguments;
  if (arguments.size() == 1) {
    if (!arguments[0].is_array() || arguments[0].as_array().empty())
      return wrong_argument(function, arguments[0], "numbers or a list of numbers");
    values.assign(arguments[0].as_array().begin(), arguments[0].as_array().end());
  }
  json::value best = values[0];
  for (const auto& value : values) {
    if (!value.is_number()) return wrong_argument(function, value, "numbers");
    if (function == "min" ? number(value) < number(best) : number(value) > number(best))
      best = value;
  }
  return best;
}

Result<json::value> length(const std::string& function, const json::value& value) {
  if (value.is_array()) return json::value(static_cast<std::int64_t>(value.as_array().size()));
  if (value.is_object()) return json::value(static_cast<std::int64_t>(value.as_object().size()));
  if (value.is_string())
    return json::value(static_cast<std::int64_t>(
        std::ranges::count_if(value.as_string(), [](char c) { return (c & 0xc0) != 0x80; })));
  return wrong_argument(function, value, "a text, list or map");
}

Result<json::value> joined(const std::string& function, const Values& arguments) {
  if (!arguments[0].is_array() || !arguments[1].is_string())
    return wrong_argument(function, arguments[0], "a list and a text");
  std::vector<std::string> parts;
  for (const auto& item : arguments[0].as_array()) {
    auto part = template_text(item);
    if (!part) return wrong_argument(function, item, "a list of texts, numbers or bools");
    parts.push_back(std::move(*part));
  }
  return json::value(json::string(join(parts, arguments[1].as_string())));
}

Result<json::value> whole(double value) {
  if (!(std::abs(value) < 9.0e18)) return invalid_argument("the integer becomes too large");
  return json::value(static_cast<std::int64_t>(value));
}

Result<json::value> converted(const std::string& function, const json::value& value) {
  double real = 0;
  if (value.is_number()) {
    if (function == "int" && is_integer(value)) return value;
    real = number(value);
  } else if (value.is_string()) {
    ExpressionError unused;
    const std::string given = text_of(value);
    const auto parsed = Expression::parse(given, &unused);
    const NameLookup nothing = [](const ExpressionName&) -> Result<json::value> {
      return not_found("a number has no names");
    };
    const auto result = parsed ? parsed->evaluate(nothing, &unused) : std::nullopt;
    if (!result || !result->is_number())
      return invalid_argument("\"" + given + "\" is not a number");
    return converted(function, *result);
  } else {
    return wrong_argument(function, value, "a number or a text");
  }
  if (function == "float") return json::value(real);
  return whole(std::trunc(real));
}

Result<json::value> text_function(const std::string& function, const Values& arguments) {
  for (const auto& argument : arguments) {
    if (!argument.is_string()) return wrong_argument(function, argument, "texts");
  }
  std::string first = text_of(arguments[0]);
  if (function == "starts_with") return json::value(first.starts_with(text_of(arguments[1])));
  if (function == "ends_with") return json::value(first.ends_with(text_of(arguments[1])));
  const bool lower = function == "lower";
  for (char& c : first) {  // ASCII letters only: no locale changes a result
    if (lower && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!lower && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return json::value(json::string(first));
}

Result<json::value> number_function(const std::string& function, const json::value& value) {
  if (!value.is_number()) return wrong_argument(function, value, "a number");
  if (function == "abs") {
    if (value.is_int64() && value.as_int64() != INT64_MIN)
      return json::value(std::abs(value.as_int64()));
    return json::value(std::abs(number(value)));
  }
  if (is_integer(value)) return value;
  const double real = number(value);
  if (function == "round") return whole(std::nearbyint(real));
  return whole(function == "floor" ? std::floor(real) : std::ceil(real));
}

}  // namespace

const char* expression_type_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a bool";
    case json::kind::int64:
    case json::kind::uint64:
      return "an int";
    case json::kind::double_:
      return "a float";
    case json::kind::string:
      return "a text";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "a map";
  }
  return "unknown";
}

Result<json::value> expression_contains(const json::value& whole, const json::value& part) {
  if (whole.is_array())
    return json::value(std::ranges::find(whole.as_array(), part) != whole.as_array().end());
  if (whole.is_object() && part.is_string())
    return json::value(whole.as_object().contains(part.as_string()));
  if (whole.is_string() && part.is_string())
    return json::value(text_of(whole).find(text_of(part)) != std::string::npos);
  return invalid_argument(std::string("cannot look for ") + type_name(part) + " in " +
                          type_name(whole));
}

Result<json::value> call_expression_function(const std::string& function,
                                             const std::vector<json::value>& arguments) {
  if (function == "min" || function == "max") return extreme(function, arguments);
  if (function == "len") return length(function, arguments[0]);
  if (function == "str") {
    auto text = template_text(arguments[0]);
    if (!text) return wrong_argument(function, arguments[0], "a text, number or bool");
    return json::value(json::string(*text));
  }
  if (function == "join") return joined(function, arguments);
  if (function == "contains") return expression_contains(arguments[0], arguments[1]);
  if (function == "int" || function == "float") return converted(function, arguments[0]);
  if (function == "lower" || function == "upper" || function == "starts_with" ||
      function == "ends_with")
    return text_function(function, arguments);
  return number_function(function, arguments[0]);
}

const std::vector<ExpressionFunction>& expression_functions() {
  constexpr std::size_t kMany = 100;
  static const std::vector<ExpressionFunction> kFunctions = {
      {"min", 1, kMany},  {"max", 1, kMany}, {"abs", 1, 1},         {"round", 1, 1},
      {"floor", 1, 1},    {"ceil", 1, 1},    {"len", 1, 1},         {"int", 1, 1},
      {"float", 1, 1},    {"str", 1, 1},     {"lower", 1, 1},       {"upper", 1, 1},
      {"contains", 2, 2}, {"join", 2, 2},    {"starts_with", 2, 2}, {"ends_with", 2, 2}};
  return kFunctions;
}

}  // namespace cairn
