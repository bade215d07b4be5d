#include "core/workflow/schema.h"

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <utility>

#include "core/workflow/keys.h"

namespace cairn {
namespace {

constexpr const char* kDialect = "https://json-schema.org/draft/2020-12/schema";
constexpr const char* kName = "^[A-Za-z_][A-Za-z0-9_-]*$";
constexpr const char* kDottedName = "^[A-Za-z_][A-Za-z0-9_.-]*$";
constexpr const char* kAxis = "^[A-Za-z_][A-Za-z0-9_]*$";
constexpr const char* kReference = "^[A-Za-z_][A-Za-z0-9_-]*\\..+$";

json::object expression() {
  return {{"type", "string"}, {"pattern", "\\$\\{"}};
}

json::object text(const char* pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

json::object any_of(std::initializer_list<json::object> forms) {
  json::array list;
  for (const auto& form : forms) list.push_back(form);
  return {{"anyOf", std::move(list)}};
}

json::object list_of(json::object items) {
  return {{"type", "array"}, {"items", std::move(items)}};
}

json::object map_of(json::object values, const char* names) {
  return {{"type", "object"},
          {"propertyNames", json::object{{"pattern", names}}},
          {"additionalProperties", std::move(values)}};
}

json::value bound(double value) {
  const auto integer = static_cast<std::int64_t>(value);
  return static_cast<double>(integer) == value ? json::value(integer) : json::value(value);
}

json::object number(const ParamDecl& decl, const char* type) {
  json::object schema{{"type", type}};
  if (decl.min) schema["minimum"] = bound(*decl.min);
  if (decl.max) schema["maximum"] = bound(*decl.max);
  return schema;
}

json::object string(const ParamDecl& decl) {
  json::object schema{{"type", "string"}};
  if (!decl.choices.empty()) schema["enum"] = json::value_from(decl.choices);
  if (!decl.pattern.empty()) schema["pattern"] = "^(?:" + decl.pattern + ")$";
  return schema;
}

json::object closed_map(json::object properties, json::array required) {
  json::object schema{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json::object value_schema(const ParamDecl& decl, bool expressions);

json::object fields_schema(const std::vector<ParamDecl>& fields, bool expressions) {
  json::object properties;
  json::array required;
  for (const ParamDecl& field : fields) {
    properties[field.name] = value_schema(field, expressions);
    if (field.required) required.emplace_back(field.name);
  }
  return closed_map(std::move(properties), std::move(required));
}

// Without the alternative of an expression for the value as a whole.
json::object plain(const ParamDecl& decl, bool expressions) {
  switch (decl.type) {
    case ParamType::kBool:
      return {{"type", "boolean"}};
    case ParamType::kInt:
      return number(decl, "integer");
    case ParamType::kDouble:
      return number(decl, "number");
    case ParamType::kString:
    case ParamType::kPath:
      return string(decl);
    case ParamType::kTokens:
      return any_of({number(decl, "integer"), text("^[0-9.]+[kKM]?$")});
    case ParamType::kBytes:
      return any_of({number(decl, "integer"), text("^[0-9.]+([kKMGT]|[KMGT]i)?B?$")});
    case ParamType::kDuration:
      return text("^[0-9.]+(ms|s|m|h|d)$");
    case ParamType::kSecret:
      return text("^(env|file):.");
    case ParamType::kList:
      return list_of(value_schema(decl.element.front(), expressions));
    case ParamType::kMap:
      return map_of(value_schema(decl.element.front(), expressions), ".");
    case ParamType::kStruct:
      return fields_schema(decl.fields, expressions);
    case ParamType::kJson:
      return {};
  }
  return {};
}

json::object value_schema(const ParamDecl& decl, bool expressions) {
  json::object schema = plain(decl, expressions);
  const bool any_text =
      decl.type == ParamType::kPath ||
      (decl.type == ParamType::kString && decl.choices.empty() && decl.pattern.empty());
  json::array forms{schema};
  if (expressions && decl.type != ParamType::kJson && !any_text) forms.push_back(expression());
  if (decl.nullable) forms.push_back(json::object{{"type", "null"}});
  if (forms.size() > 1) schema = {{"anyOf", std::move(forms)}};
  if (!decl.doc.empty()) schema["description"] = decl.doc;
  if (!decl.required && !decl.default_value.is_null()) schema["default"] = decl.default_value;
  return schema;
}

class WorkflowSchema {
 public:
  explicit WorkflowSchema(const Registry& registry) : registry_(registry) {}

  json::object make() {
    json::object schema{{"$schema", kDialect}, {"title", "Cairn workflow"}};
    for (auto& member : map(workflow_keys(), true)) schema.insert(member);
    schema["oneOf"] = json::array{json::object{{"required", json::array{"stages"}}},
                                  json::object{{"required", json::array{"extends"}}}};
    // Below `extends`, `params` holds values.
    const auto params = [](json::object each) {
      return json::object{{"properties", json::object{{"params", map_of(std::move(each), kName)}}}};
    };
    schema["if"] = json::object{{"required", json::array{"extends"}}};
    schema["then"] = params({});
    schema["else"] = params(map(param_keys(), true));
    json::object definitions;
    for (const std::string& type : registry_.stage_types())
      definitions[type] = with_schema(*registry_.find(type)->stage);
    schema["$defs"] = std::move(definitions);
    return schema;
  }

  static json::object with_schema(const StageDecl& stage) {
    return fields_schema(stage.params, true);
  }

 private:
  // plain_values: values that take no expressions (the top level, parameter declarations).
  json::object map(const std::vector<Key>& keys, bool plain_values) {
    json::object properties;
    json::array required;
    for (const Key& key : keys) {
      json::object schema =
          key.form == KeyForm::kValue ? value_schema(key.decl, !plain_values) : form(key);
      schema["description"] = key.decl.doc;
      properties[key.decl.name] = std::move(schema);
      if (key.decl.required) required.emplace_back(key.decl.name);
    }
    return closed_map(std::move(properties), std::move(required));
  }

  json::object form(const Key& key) {
    switch (key.form) {
      case KeyForm::kName:
        return text(kDottedName);
      case KeyForm::kStageType:
        return {{"enum", json::value_from(registry_.stage_types())}};
      case KeyForm::kCondition:
        return any_of({json::object{{"type", "boolean"}}, expression()});
      case KeyForm::kNames:
        return any_of({text(kName), list_of(text(kName))});
      case KeyForm::kTextMap:
        return map_of({{"type", json::array{"string", "number", "boolean"}}}, ".");
      case KeyForm::kParams:
        return map_of({}, kName);  // declarations, or values below `extends`
      case KeyForm::kStages: {
        json::object stages = map_of(stage(), kName);
        stages["minProperties"] = 1;
        return stages;
      }
      case KeyForm::kWith:
        return {{"type", json::array{"object", "null"}}};
      case KeyForm::kInputs:
        return map_of(any_of({text(kReference), list_of(text(kReference))}), kName);
      case KeyForm::kRetry:
        return map(retry_keys(), false);
      case KeyForm::kResources:
        return map(resource_keys(), false);
      case KeyForm::kDefaults:
        return map(defaults_keys(), false);
      case KeyForm::kMatrix: {
        json::object matrix = map(matrix_keys(), false);
        matrix["propertyNames"] = json::object{{"pattern", kAxis}};
        matrix["additionalProperties"] = any_of({list_of({}), expression()});
        matrix["minProperties"] = 1;
        return matrix;
      }
      case KeyForm::kForeach:
        return any_of({text(kReference), map(foreach_keys(), false)});
      case KeyForm::kReference:
        return text(kReference);
      case KeyForm::kCells:
        return list_of(map_of({}, kAxis));
      case KeyForm::kCounts:
        return map_of(any_of({json::object{{"type", "integer"}, {"minimum", 1}}, expression()}),
                      kName);
      case KeyForm::kApproval:
        return {{"type", json::array{"boolean", "string"}}};
      case KeyForm::kWatchdogs:
        return list_of(map(watchdog_keys(), false));
      case KeyForm::kNotify:
        return map(notify_keys(), false);
      case KeyForm::kWords: {
        json::object words = list_of(string(key.decl));
        words["minItems"] = 1;
        return any_of({string(key.decl), std::move(words)});
      }
      case KeyForm::kValue:
      case KeyForm::kAny:
        return {};
    }
    return {};
  }

  json::object stage() {
    json::object schema = map(stage_keys(), false);
    json::array rules;
    for (const std::string& type : registry_.stage_types()) {
      json::object with{{"$ref", "#/$defs/" + type}};
      json::object then{{"properties", json::object{{"with", std::move(with)}}}};
      const auto& params = registry_.find(type)->stage->params;
      if (std::ranges::any_of(params, &ParamDecl::required)) then["required"] = json::array{"with"};
      rules.push_back(json::object{
          {"if",
           json::object{{"properties", json::object{{"uses", json::object{{"const", type}}}}}}},
          {"then", std::move(then)}});
    }
    if (!rules.empty()) schema["allOf"] = std::move(rules);
    return schema;
  }

  const Registry& registry_;
};

}  // namespace

json::object workflow_schema(const Registry& registry) {
  return WorkflowSchema(registry).make();
}

json::object stage_type_schema(const StageDecl& stage) {
  json::object schema{{"$schema", kDialect}, {"title", stage.name}, {"description", stage.doc}};
  for (auto& member : WorkflowSchema::with_schema(stage)) schema.insert(member);
  return schema;
}

}  // namespace cairn
