#include "core/sdk/declaration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "core/base/quantity.h"
#include "core/base/text.h"

namespace cairn {
namespace {

constexpr std::array<const char*, 12> kTypeNames = {
    "bool",     "int",  "float",       "string",   "tokens",     "bytes",
    "duration", "path", "string list", "int list", "float list", "json"};

std::string number_text(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15)
    return std::to_string(static_cast<std::int64_t>(value));
  char text[32];  // the shortest that reads back as the same
  for (int digits = 1; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  return text;
}

std::string describe(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "nothing";
    case json::kind::bool_:
      return value.as_bool() ? "true" : "false";
    case json::kind::string:
      return "\"" + std::string(value.as_string()) + "\"";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return is_secret(value) ? "a secret" : "a map";
    case json::kind::double_:
      return number_text(value.as_double());
    default:
      return json::serialize(value);
  }
}

Error wrong_type(const ParamDecl& param, const json::value& given, const std::string& example) {
  return invalid_argument("parameter '" + param.name + "' must be " + example + ", not " +
                          describe(given));
}

Result<void> check_range(const ParamDecl& param, double value) {
  if (!std::isfinite(value))
    return invalid_argument("parameter '" + param.name + "' must be finite");
  if ((param.min && value < *param.min) || (param.max && value > *param.max)) {
    std::string range = param.min && param.max ? "between " + number_text(*param.min) + " and " +
                                                     number_text(*param.max)
                        : param.min ? "at least " + number_text(*param.min)
                                    : "at most " + number_text(*param.max);
    return invalid_argument("parameter '" + param.name + "' must be " + range + ", not " +
                            number_text(value));
  }
  return {};
}

Result<void> check_choice(const ParamDecl& param, const std::string& value) {
  if (param.choices.empty() || std::ranges::find(param.choices, value) != param.choices.end())
    return {};
  std::string hint = "one of " + join(param.choices, ", ");
  if (auto near = nearest_word(value, param.choices))
    hint = "did you mean '" + *near + "'? " + hint;
  return invalid_argument("parameter '" + param.name + "' cannot be \"" + value + "\"", hint);
}

std::optional<std::int64_t> as_integer(const json::value& value) {
  if (value.is_int64()) return value.as_int64();
  if (value.is_uint64() && value.as_uint64() <= std::uint64_t{INT64_MAX})
    return static_cast<std::int64_t>(value.as_uint64());
  return std::nullopt;
}

Result<json::value> canonical_int(const ParamDecl& param, const json::value& given) {
  auto value = as_integer(given);
  if (!value) return wrong_type(param, given, "an integer");
  CAIRN_TRY(check_range(param, static_cast<double>(*value)));
  return json::value(*value);
}

Result<json::value> canonical_double(const ParamDecl& param, const json::value& given) {
  if (!given.is_number()) return wrong_type(param, given, "a number");
  double value = given.to_number<double>();
  CAIRN_TRY(check_range(param, value));
  return json::value(value);
}

Result<json::value> canonical_string(const ParamDecl& param, const json::value& given) {
  if (is_secret(given)) {
    if (param.choices.empty() && param.type != ParamType::kPath) return given;
    return invalid_argument("parameter '" + param.name + "' cannot be a secret");
  }
  if (!given.is_string()) return wrong_type(param, given, "a string");
  CAIRN_TRY(check_choice(param, std::string(given.as_string())));
  return given;
}

// Quantities: text in the units of `parse`, or an integer where a bare number has one meaning.
template <typename Parse>
Result<json::value> canonical_quantity(const ParamDecl& param, const json::value& given,
                                       bool integer_allowed, const char* example, Parse parse) {
  std::int64_t value = 0;
  if (auto integer = as_integer(given); integer && integer_allowed) {
    value = *integer;
  } else if (given.is_string()) {
    auto parsed = parse(std::string_view(given.as_string()));
    if (!parsed.ok())
      return invalid_argument("parameter '" + param.name + "': " + parsed.error().message,
                              parsed.error().hint);
    value = *parsed;
  } else {
    return wrong_type(param, given, example);
  }
  if (value < 0) return invalid_argument("parameter '" + param.name + "' must not be negative");
  CAIRN_TRY(check_range(param, static_cast<double>(value)));
  return json::value(value);
}

template <typename Element>
Result<json::value> canonical_list(const ParamDecl& param, const json::value& given,
                                   Element element) {
  if (!given.is_array()) return wrong_type(param, given, "a list");
  json::array list;
  for (const auto& item : given.as_array()) {
    CAIRN_ASSIGN(auto value, element(param, item));
    list.push_back(std::move(value));
  }
  return json::value(std::move(list));
}

template <typename Unsigned>
Result<std::int64_t> to_signed(Result<Unsigned> parsed) {
  if (!parsed.ok()) return std::move(parsed).error();
  if (*parsed > std::uint64_t{INT64_MAX}) return invalid_argument("the quantity is too large");
  return static_cast<std::int64_t>(*parsed);
}

json::object port_to_json(const PortDecl& port) {
  json::object object{{"name", port.name}, {"kind", port.kind}, {"doc", port.doc}};
  if (port.optional) object["optional"] = true;
  if (port.list) object["list"] = true;
  if (!port.kind_from_param.empty()) object["kind_from_param"] = port.kind_from_param;
  return object;
}

bool flag(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::string text_or(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

Result<PortDecl> port_from_json(const json::value& value) {
  if (!value.is_object()) return corrupt("a port of a manifest is no object");
  const auto& object = value.as_object();
  PortDecl port;
  CAIRN_ASSIGN(port.name, get_string(object, "name"));
  CAIRN_ASSIGN(port.kind, get_string(object, "kind"));
  port.doc = text_or(object, "doc");
  port.optional = flag(object, "optional");
  port.list = flag(object, "list");
  port.kind_from_param = text_or(object, "kind_from_param");
  return port;
}

json::object param_to_json(const ParamDecl& param) {
  json::object object{{"name", param.name}, {"type", to_string(param.type)}, {"doc", param.doc}};
  if (param.required)
    object["required"] = true;
  else
    object["default"] = param.default_value;
  if (param.min) object["min"] = *param.min;
  if (param.max) object["max"] = *param.max;
  if (!param.choices.empty()) object["choices"] = json::value_from(param.choices);
  if (param.content) object["content"] = true;
  return object;
}

Result<ParamDecl> param_from_json(const json::value& value) {
  if (!value.is_object()) return corrupt("a parameter of a manifest is no object");
  const auto& object = value.as_object();
  ParamDecl param;
  CAIRN_ASSIGN(param.name, get_string(object, "name"));
  CAIRN_ASSIGN(auto type, get_string(object, "type"));
  auto found = std::ranges::find(kTypeNames, type);
  if (found == kTypeNames.end())
    return corrupt("parameter '" + param.name + "' of a manifest has the unknown type '" + type +
                   "'");
  param.type = static_cast<ParamType>(found - kTypeNames.begin());
  param.doc = text_or(object, "doc");
  param.required = flag(object, "required");
  if (const auto* value = object.if_contains("default")) param.default_value = *value;
  if (object.contains("min")) {
    CAIRN_ASSIGN(param.min, get_double(object, "min"));
  }
  if (object.contains("max")) {
    CAIRN_ASSIGN(param.max, get_double(object, "max"));
  }
  if (object.contains("choices")) {
    CAIRN_ASSIGN(const auto* choices, get_array(object, "choices"));
    for (const auto& choice : *choices) {
      if (!choice.is_string()) return corrupt("a choice of '" + param.name + "' is no string");
      param.choices.emplace_back(choice.as_string());
    }
  }
  param.content = flag(object, "content");
  return param;
}

template <typename Decl>
const Decl* find_named(const std::vector<Decl>& list, std::string_view name) {
  auto found = std::ranges::find(list, name, &Decl::name);
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

const std::vector<std::string>& all_kinds() {
  static const std::vector<std::string> kinds = {
      kind::kDocuments, kind::kQa,          kind::kModel,  kind::kTokenizer,
      kind::kRollouts,  kind::kPredictions, kind::kScores, kind::kSummary,
      kind::kReport,    kind::kTable,       kind::kFile,   kind::kDirectory};
  return kinds;
}

bool kind_matches(std::string_view given, std::string_view wanted) {
  return given == wanted || given == kind::kFile || wanted == kind::kFile;
}

bool is_secret(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr || object->size() != 1) return false;
  const auto* reference = object->if_contains(kSecretKey);
  return reference != nullptr && reference->is_string();
}

const char* to_string(ParamType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

const ParamDecl* StageDecl::find_param(std::string_view name) const {
  return find_named(params, name);
}
const PortDecl* StageDecl::find_input(std::string_view name) const {
  return find_named(inputs, name);
}
const PortDecl* StageDecl::find_output(std::string_view name) const {
  return find_named(outputs, name);
}

Result<json::value> canonical_param(const ParamDecl& param, const json::value& given) {
  switch (param.type) {
    case ParamType::kBool:
      if (!given.is_bool()) return wrong_type(param, given, "true or false");
      return given;
    case ParamType::kInt:
      return canonical_int(param, given);
    case ParamType::kDouble:
      return canonical_double(param, given);
    case ParamType::kString:
    case ParamType::kPath:
      return canonical_string(param, given);
    case ParamType::kTokens:
      return canonical_quantity(param, given, true, "a number of tokens such as 20k",
                                [](auto text) { return to_signed(parse_tokens(text)); });
    case ParamType::kBytes:
      return canonical_quantity(param, given, true, "a size such as 2Gi",
                                [](auto text) { return to_signed(parse_bytes(text)); });
    case ParamType::kDuration:
      return canonical_quantity(param, given, false, "a duration such as 10s",
                                [](auto text) -> Result<std::int64_t> {
                                  CAIRN_ASSIGN(auto duration, parse_duration(text));
                                  return std::int64_t{duration.count()};
                                });
    case ParamType::kStringList:
      return canonical_list(param, given, canonical_string);
    case ParamType::kIntList:
      return canonical_list(param, given, canonical_int);
    case ParamType::kDoubleList:
      return canonical_list(param, given, canonical_double);
    case ParamType::kJson:
      return given;
  }
  return internal_error("parameter '" + param.name + "' has no known type");
}

Result<json::object> canonical_params(const StageDecl& stage, const json::object& given) {
  std::vector<std::string> known;
  for (const auto& param : stage.params) known.push_back(param.name);
  for (const auto& [key, value] : given) {
    if (stage.find_param(key) != nullptr) continue;
    auto near = nearest_word(key, known);
    return invalid_argument("'" + stage.name + "' has no parameter '" + std::string(key) + "'",
                            near ? "did you mean '" + *near + "'?" : "");
  }
  json::object canonical;
  for (const auto& param : stage.params) {
    if (const auto* value = given.if_contains(param.name)) {
      CAIRN_ASSIGN(canonical[param.name], canonical_param(param, *value));
    } else if (param.required) {
      return invalid_argument("'" + stage.name + "' needs the parameter '" + param.name + "'");
    } else {
      canonical[param.name] = param.default_value;
    }
  }
  return canonical;
}

json::object to_json(const StageDecl& stage) {
  json::array params;
  for (const auto& param : stage.params) params.push_back(param_to_json(param));
  json::array inputs;
  for (const auto& port : stage.inputs) inputs.push_back(port_to_json(port));
  json::array outputs;
  for (const auto& port : stage.outputs) outputs.push_back(port_to_json(port));
  json::object object{{"name", stage.name},           {"doc", stage.doc},
                      {"revision", stage.revision},   {"random", stage.random},
                      {"params", std::move(params)},  {"inputs", std::move(inputs)},
                      {"outputs", std::move(outputs)}};
  if (stage.open_inputs) object["open_inputs"] = true;
  if (!stage.outputs_from_param.empty()) object["outputs_from_param"] = stage.outputs_from_param;
  return object;
}

Result<StageDecl> stage_decl_from_json(const json::object& object) {
  StageDecl stage;
  CAIRN_ASSIGN(stage.name, get_string(object, "name"));
  stage.doc = text_or(object, "doc");
  CAIRN_ASSIGN(auto revision, get_int(object, "revision"));
  stage.revision = static_cast<int>(revision);
  stage.random = flag(object, "random");
  CAIRN_ASSIGN(const auto* params, get_array(object, "params"));
  for (const auto& value : *params) {
    CAIRN_ASSIGN(auto param, param_from_json(value));
    stage.params.push_back(std::move(param));
  }
  CAIRN_ASSIGN(const auto* inputs, get_array(object, "inputs"));
  for (const auto& value : *inputs) {
    CAIRN_ASSIGN(auto port, port_from_json(value));
    stage.inputs.push_back(std::move(port));
  }
  CAIRN_ASSIGN(const auto* outputs, get_array(object, "outputs"));
  for (const auto& value : *outputs) {
    CAIRN_ASSIGN(auto port, port_from_json(value));
    stage.outputs.push_back(std::move(port));
  }
  stage.open_inputs = flag(object, "open_inputs");
  stage.outputs_from_param = text_or(object, "outputs_from_param");
  return stage;
}

}  // namespace cairn
