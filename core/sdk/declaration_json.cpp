// Declarations as JSON: what manifests hold. Members that say nothing are left out.
#include <algorithm>
#include <array>
#include <boost/json/value_from.hpp>
#include <string_view>
#include <utility>

#include "core/sdk/declaration.h"

namespace cairn {
namespace {

constexpr std::array kTypes = {ParamType::kBool,     ParamType::kInt,    ParamType::kDouble,
                               ParamType::kString,   ParamType::kTokens, ParamType::kBytes,
                               ParamType::kDuration, ParamType::kPath,   ParamType::kSecret,
                               ParamType::kList,     ParamType::kMap,    ParamType::kStruct,
                               ParamType::kJson};
// Deeper than any declaration; a manifest is a file that anything may have written.
constexpr int kMaxDepth = 16;

bool flag(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::string text_or_empty(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

Result<const json::object*> as_object(const json::value& value, const char* what) {
  if (const auto* object = value.if_object()) return object;
  return corrupt(std::string(what) + " of a manifest is no object");
}

template <typename T, typename Read>
Result<std::vector<T>> read_list(const json::object& object, std::string_view key, Read read) {
  std::vector<T> list;
  if (!object.contains(key)) return list;
  CAIRN_ASSIGN(const json::array* array, get_array(object, key));
  for (const json::value& value : *array) {
    CAIRN_ASSIGN(T item, read(value));
    list.push_back(std::move(item));
  }
  return list;
}

template <typename T>
json::array list_of(const std::vector<T>& items, json::object (*write)(const T&)) {
  json::array list;
  for (const T& item : items) list.push_back(write(item));
  return list;
}

// Journals of before lists said what they hold have "int list" for a list of int.
constexpr std::string_view kOldList = " list";

void make_list(ParamDecl& param) {
  ParamDecl element = std::exchange(param, {});
  param.name = std::exchange(element.name, {});
  param.doc = std::exchange(element.doc, {});
  param.required = std::exchange(element.required, false);
  param.default_value = std::exchange(element.default_value, nullptr);
  param.type = ParamType::kList;
  if (element.content) element.type = ParamType::kPath;
  param.element.push_back(std::move(element));
}

json::object param_json(const ParamDecl& param) {
  json::object object;
  if (!param.name.empty()) object["name"] = param.name;
  object["type"] = to_string(param.type);
  if (!param.doc.empty()) object["doc"] = param.doc;
  if (param.required) object["required"] = true;
  if (!param.required && !param.name.empty()) object["default"] = param.default_value;
  if (param.nullable) object["nullable"] = true;
  if (param.min) object["min"] = *param.min;
  if (param.max) object["max"] = *param.max;
  if (!param.choices.empty()) object["choices"] = json::value_from(param.choices);
  if (!param.pattern.empty()) object["pattern"] = param.pattern;
  if (param.content) object["content"] = true;
  if (!param.element.empty()) object["element"] = param_json(param.element.front());
  if (!param.fields.empty()) object["fields"] = list_of(param.fields, &param_json);
  return object;
}

Result<ParamDecl> read_param(const json::value& value, int depth) {
  CAIRN_ASSIGN(const auto* object, as_object(value, "a parameter"));
  if (depth > kMaxDepth) return corrupt("the parameters of a manifest are nested too deep");
  ParamDecl param;
  param.name = text_or_empty(*object, "name");
  CAIRN_ASSIGN(std::string type, get_string(*object, "type"));
  const bool old_list = type.ends_with(kOldList);
  if (old_list) type.resize(type.size() - kOldList.size());
  const auto found = std::ranges::find_if(
      kTypes, [&](ParamType candidate) { return to_string(candidate) == type; });
  if (found == kTypes.end())
    return corrupt("parameter '" + param.name + "' of a manifest has the unknown type '" + type +
                   "'");
  param.type = *found;
  param.doc = text_or_empty(*object, "doc");
  param.required = flag(*object, "required");
  if (const auto* default_value = object->if_contains("default"))
    param.default_value = *default_value;
  param.nullable = flag(*object, "nullable");
  if (object->contains("min")) {
    CAIRN_ASSIGN(param.min, get_double(*object, "min"));
  }
  if (object->contains("max")) {
    CAIRN_ASSIGN(param.max, get_double(*object, "max"));
  }
  CAIRN_ASSIGN(param.choices,
               read_list<std::string>(*object, "choices", [](const json::value& choice) {
                 return choice.is_string() ? Result<std::string>(std::string(choice.as_string()))
                                           : corrupt("a choice of a manifest is no string");
               }));
  param.pattern = text_or_empty(*object, "pattern");
  param.content = flag(*object, "content");
  if (const auto* element = object->if_contains("element")) {
    CAIRN_ASSIGN(ParamDecl read, read_param(*element, depth + 1));
    param.element.push_back(std::move(read));
  }
  CAIRN_ASSIGN(param.fields, read_list<ParamDecl>(*object, "fields", [&](const json::value& field) {
                 return read_param(field, depth + 1);
               }));
  if (old_list) make_list(param);
  const bool holds_others = param.type == ParamType::kList || param.type == ParamType::kMap;
  if (holds_others != !param.element.empty())
    return corrupt("parameter '" + param.name + "' of a manifest does not say what it holds");
  return param;
}

json::object port_json(const PortDecl& port) {
  json::object object{{"name", port.name}, {"kind", port.kind}, {"doc", port.doc}};
  if (port.optional) object["optional"] = true;
  if (port.list) object["list"] = true;
  if (!port.kind_from_param.empty()) object["kind_from_param"] = port.kind_from_param;
  return object;
}

Result<PortDecl> read_port(const json::value& value) {
  CAIRN_ASSIGN(const auto* object, as_object(value, "a port"));
  PortDecl port;
  CAIRN_ASSIGN(port.name, get_string(*object, "name"));
  CAIRN_ASSIGN(port.kind, get_string(*object, "kind"));
  port.doc = text_or_empty(*object, "doc");
  port.optional = flag(*object, "optional");
  port.list = flag(*object, "list");
  port.kind_from_param = text_or_empty(*object, "kind_from_param");
  return port;
}

json::object metric_json(const MetricDecl& metric) {
  json::object object{{"name", metric.name}, {"unit", metric.unit}, {"doc", metric.doc}};
  if (metric.runtime) object["runtime"] = true;
  return object;
}

Result<MetricDecl> read_metric(const json::value& value) {
  CAIRN_ASSIGN(const auto* object, as_object(value, "a metric"));
  MetricDecl metric;
  CAIRN_ASSIGN(metric.name, get_string(*object, "name"));
  metric.unit = text_or_empty(*object, "unit");
  metric.doc = text_or_empty(*object, "doc");
  metric.runtime = flag(*object, "runtime");
  return metric;
}

json::object check_json(const CheckDecl& check) {
  return {{"rule", to_json(check.rule)}, {"doc", check.doc}};
}

Result<CheckDecl> read_check(const json::value& value) {
  CAIRN_ASSIGN(const auto* object, as_object(value, "a check"));
  CheckDecl check;
  CAIRN_ASSIGN(const json::object* rule, get_object(*object, "rule"));
  CAIRN_ASSIGN(check.rule, rule_from_json(*rule));
  check.doc = text_or_empty(*object, "doc");
  return check;
}

Result<CheckpointDecl> read_checkpoints(const json::object& object) {
  CheckpointDecl checkpoints;
  checkpoints.unit = text_or_empty(object, "unit");
  checkpoints.doc = text_or_empty(object, "doc");
  CAIRN_ASSIGN(const std::int64_t keep, get_int(object, "keep"));
  if (keep < 1 || keep > 1'000'000) return corrupt("'keep' of a manifest is out of range");
  checkpoints.keep = static_cast<int>(keep);
  return checkpoints;
}

}  // namespace

json::object to_json(const StageDecl& stage) {
  json::object object{{"name", stage.name},
                      {"doc", stage.doc},
                      {"revision", stage.revision},
                      {"random", stage.random},
                      {"params", list_of(stage.params, &param_json)},
                      {"inputs", list_of(stage.inputs, &port_json)},
                      {"outputs", list_of(stage.outputs, &port_json)}};
  if (!stage.checks.empty()) object["checks"] = list_of(stage.checks, &check_json);
  if (!stage.kinds.empty()) object["kinds"] = list_of<KindDecl>(stage.kinds, &to_json);
  if (!stage.metrics.empty()) object["metrics"] = list_of(stage.metrics, &metric_json);
  if (stage.checkpoints)
    object["checkpoints"] = json::object{{"unit", stage.checkpoints->unit},
                                         {"doc", stage.checkpoints->doc},
                                         {"keep", stage.checkpoints->keep}};
  if (stage.self_test) object["self_test"] = true;
  if (stage.open_inputs) object["open_inputs"] = true;
  if (!stage.outputs_from_param.empty()) object["outputs_from_param"] = stage.outputs_from_param;
  if (stage.outputs_have_kinds) object["outputs_have_kinds"] = true;
  return object;
}

Result<StageDecl> stage_decl_from_json(const json::object& object) {
  StageDecl stage;
  CAIRN_ASSIGN(stage.name, get_string(object, "name"));
  stage.doc = text_or_empty(object, "doc");
  CAIRN_ASSIGN(const auto revision, get_int(object, "revision"));
  stage.revision = static_cast<int>(revision);
  stage.random = flag(object, "random");
  CAIRN_ASSIGN(stage.params, read_list<ParamDecl>(object, "params", [](const json::value& param) {
                 return read_param(param, 0);
               }));
  CAIRN_ASSIGN(stage.inputs, read_list<PortDecl>(object, "inputs", &read_port));
  CAIRN_ASSIGN(stage.outputs, read_list<PortDecl>(object, "outputs", &read_port));
  CAIRN_ASSIGN(stage.checks, read_list<CheckDecl>(object, "checks", &read_check));
  CAIRN_ASSIGN(stage.kinds, read_list<KindDecl>(object, "kinds", &kind_decl_from_json));
  CAIRN_ASSIGN(stage.metrics, read_list<MetricDecl>(object, "metrics", &read_metric));
  if (object.contains("checkpoints")) {
    CAIRN_ASSIGN(const json::object* checkpoints, get_object(object, "checkpoints"));
    CAIRN_ASSIGN(stage.checkpoints, read_checkpoints(*checkpoints));
  }
  stage.self_test = flag(object, "self_test");
  stage.open_inputs = flag(object, "open_inputs");
  stage.outputs_from_param = text_or_empty(object, "outputs_from_param");
  stage.outputs_have_kinds = flag(object, "outputs_have_kinds");
  return stage;
}

}  // namespace cairn
