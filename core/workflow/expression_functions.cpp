#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/text.h"
#include "core/workflow/expression.h"
#include "core/workflow/expression_node.h"
#include "core/workflow/template.h"

namespace cairn {
namespace {

using Arguments = ExpressionArguments;

bool is_integer(const json::value& value) {
  return value.is_int64() || value.is_uint64();
}

double number(const json::value& value) {
  return value.to_number<double>();
}

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

Result<json::value> extreme(const std::string& function, const Arguments& arguments) {
  Arguments values = arguments;
  if (arguments.size() == 1) {
    if (!arguments[0].is_array() || arguments[0].as_array().empty())
      return wrong_argument(function, arguments[0], "numbers or a list of numbers");
    values = {};
    for (const auto& value : arguments[0].as_array()) values.add(value);
  }
  const json::value* best = &values[0];
  for (std::size_t i = 0; i < values.size(); ++i) {
    const json::value& value = values[i];
    if (!value.is_number()) return wrong_argument(function, value, "numbers");
    if (function == "min" ? number(value) < number(*best) : number(value) > number(*best))
      best = &value;
  }
  return *best;
}

Result<json::value> whole(double value) {
  if (!(std::abs(value) < 9.0e18)) return invalid_argument("the integer becomes too large");
  return json::value(static_cast<std::int64_t>(value));
}

Result<json::value> converted(const std::string& function, const Arguments& arguments) {
  const json::value& value = arguments[0];
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
    Arguments parsed_value;
    parsed_value.add(*result);
    return converted(function, parsed_value);
  } else {
    return wrong_argument(function, value, "a number or a text");
  }
  if (function == "float") return json::value(real);
  return whole(std::trunc(real));
}

Result<std::string> text_argument(const std::string& function, const Arguments& arguments,
                                  std::size_t index) {
  if (!arguments[index].is_string()) return wrong_argument(function, arguments[index], "texts");
  return text_of(arguments[index]);
}

Result<json::value> affix(const std::string& function, const Arguments& arguments) {
  CAIRN_ASSIGN(const auto text, text_argument(function, arguments, 0));
  CAIRN_ASSIGN(const auto part, text_argument(function, arguments, 1));
  return json::value(function == "starts_with" ? text.starts_with(part) : text.ends_with(part));
}

Result<json::value> replaced(const std::string& function, const Arguments& arguments) {
  CAIRN_ASSIGN(const auto text, text_argument(function, arguments, 0));
  CAIRN_ASSIGN(const auto from, text_argument(function, arguments, 1));
  CAIRN_ASSIGN(const auto to, text_argument(function, arguments, 2));
  if (from.empty()) return invalid_argument("'replace' needs a text to look for");
  std::string result;
  std::size_t at = 0;
  for (std::size_t found = 0; (found = text.find(from, at)) != std::string::npos;) {
    result.append(text, at, found - at).append(to);
    at = found + from.size();
    if (result.size() > kMaxExpressionText) return invalid_argument("the text becomes too long");
  }
  return json::value(json::string(result.append(text, at)));
}

Result<json::value> stripped(const std::string& function, const Arguments& arguments) {
  CAIRN_ASSIGN(const auto text, text_argument(function, arguments, 0));
  return json::value(json::string(trim(text)));
}

Result<json::value> as_text(const std::string& function, const Arguments& arguments) {
  auto text = template_text(arguments[0]);
  if (!text) return wrong_argument(function, arguments[0], "a text, number or bool");
  return json::value(json::string(*text));
}

Result<json::value> letters(const std::string& function, const Arguments& arguments) {
  CAIRN_ASSIGN(auto first, text_argument(function, arguments, 0));
  const bool lower = function == "lower";
  for (char& c : first) {  // ASCII letters only: no locale changes a result
    if (lower && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!lower && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return json::value(json::string(first));
}

Result<json::value> number_function(const std::string& function, const Arguments& arguments) {
  const json::value& value = arguments[0];
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
      return is_secret(value) ? "a secret" : "a map";
  }
  return "unknown";
}

Error wrong_argument(const std::string& function, const json::value& value, const char* wanted) {
  return invalid_argument("'" + function + "' takes " + wanted + ", not " +
                          expression_type_name(value));
}

const std::vector<ExpressionFunction>& expression_functions() {
  constexpr std::size_t kMany = 100;
  static const std::vector<ExpressionFunction> kFunctions = [] {
    std::vector<ExpressionFunction> functions = {
        {"min", 1, kMany, extreme},       {"max", 1, kMany, extreme},
        {"abs", 1, 1, number_function},   {"round", 1, 1, number_function},
        {"floor", 1, 1, number_function}, {"ceil", 1, 1, number_function},
        {"int", 1, 1, converted},         {"float", 1, 1, converted},
        {"str", 1, 1, as_text},           {"lower", 1, 1, letters},
        {"upper", 1, 1, letters},         {"strip", 1, 1, stripped},
        {"replace", 3, 3, replaced},      {"starts_with", 2, 2, affix},
        {"ends_with", 2, 2, affix}};
    const auto& lists = expression_list_functions();
    functions.insert(functions.end(), lists.begin(), lists.end());
    return functions;
  }();
  return kFunctions;
}

}  // namespace cairn
