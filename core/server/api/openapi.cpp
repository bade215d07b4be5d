#include "core/server/api/openapi.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/text.h"
#include "core/server/api/method.h"

namespace cairn::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr const char* kApiVersion = "1.0.0";

// The comment before a declaration, its lines joined and its paragraphs kept.
template <typename Declaration>
std::string comment_of(const Declaration& declaration) {
  google::protobuf::SourceLocation location;
  if (!declaration.GetSourceLocation(&location)) return {};
  const std::string& comment =
      location.leading_comments.empty() ? location.trailing_comments : location.leading_comments;
  std::string text;
  bool paragraph = false;
  for (const std::string_view line : split(comment, '\n')) {
    const std::string_view words = trim(line);
    if (words.empty()) {
      paragraph = !text.empty();
      continue;
    }
    if (!text.empty()) text += paragraph ? "\n\n" : " ";
    paragraph = false;
    text += words;
  }
  return text;
}

void describe(json::object& schema, const std::string& comment) {
  if (!comment.empty()) schema["description"] = comment;
}

json::object reference(const std::string& message) {
  return {{"$ref", "#/components/schemas/" + message}};
}

json::object whole_number(bool is_unsigned) {
  json::object schema{{"type", "integer"}, {"format", "int64"}};
  if (is_unsigned) schema["minimum"] = 0;
  return schema;
}

json::object message_reference(const Descriptor& message) {
  if (message.full_name() == "google.protobuf.Value") return {};
  if (message.full_name() == "google.protobuf.ListValue") return {{"type", "array"}};
  return reference(message.name());
}

json::object value_schema(const FieldDescriptor& field) {
  const v1::JsonField& options = json_options(field);
  json::object schema;
  if (options.object()) return {{"type", "object"}, {"additionalProperties", true}};
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return {{"type", "boolean"}};
    case FieldDescriptor::CPPTYPE_DOUBLE:
      schema = {{"type", "number"}};
      break;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      schema = whole_number(false);
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      schema = whole_number(true);
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message_reference(*field.message_type());
    default:
      schema = {{"type", "string"}};
  }
  if (options.has_maximum()) schema["maximum"] = static_cast<std::int64_t>(options.maximum());
  if (options.has_minimum()) schema["minimum"] = static_cast<std::int64_t>(options.minimum());
  if (options.has_longest()) schema["maxLength"] = options.longest();
  if (!options.format().empty()) schema["format"] = options.format();
  if (!options.values().empty()) {
    json::array values;
    for (const std::string_view word : split(options.values(), ' ')) values.emplace_back(word);
    schema["enum"] = std::move(values);
  }
  return schema;
}

json::object or_null(json::object schema) {
  if (const json::value* type = schema.if_contains("type"))
    schema["type"] = json::array{*type, "null"};
  return schema;
}

json::object field_schema(const FieldDescriptor& field) {
  if (field.is_map()) {
    return {{"type", "object"},
            {"additionalProperties", value_schema(*field.message_type()->map_value())}};
  }
  json::object schema = value_schema(field);
  if (json_options(field).nullable()) schema = or_null(std::move(schema));
  if (field.is_repeated()) schema = {{"type", "array"}, {"items", std::move(schema)}};
  return schema;
}

bool is_always_there(const FieldDescriptor& field) {
  return !field.has_optional_keyword() && !field.is_map() && !field.is_repeated();
}

json::object parameter(const FieldDescriptor& field, bool in_path) {
  json::object entry{{"name", field.name()}, {"in", in_path ? "path" : "query"}};
  if (in_path || json_options(field).required()) entry["required"] = true;
  describe(entry, comment_of(field));
  entry["schema"] = field_schema(field);
  return entry;
}

json::object request_body(const Descriptor& request, const std::set<std::string>& in_path) {
  json::object properties;
  json::array required;
  for (int i = 0; i < request.field_count(); ++i) {
    const FieldDescriptor& field = *request.field(i);
    if (json_options(field).internal() || in_path.contains(field.name())) continue;
    json::object schema = field_schema(field);
    describe(schema, comment_of(field));
    properties[field.name()] = std::move(schema);
    if (json_options(field).required()) required.emplace_back(field.name());
  }
  json::object schema{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = required;
  return {{"required", !required.empty()},
          {"content", {{"application/json", {{"schema", std::move(schema)}}}}}};
}

json::object answers(const MethodSchema& method) {
  json::object good{{"description", "Done"}};
  if (!method.answer.empty()) {
    good["content"] = json::object{{method.media_type, {{"schema", reference(method.answer)}}}};
  } else if (method.status != 204) {
    good["content"] =
        json::object{{method.media_type, {{"schema", {{"type", "string"}, {"format", "binary"}}}}}};
  }
  json::object responses{{std::to_string(method.status), std::move(good)}};
  responses["default"] =
      json::object{{"description", "What is wrong, where, why, and the next step"},
                   {"content", {{"application/problem+json", {{"schema", reference("Problem")}}}}}};
  return responses;
}

json::object operation(const MethodSchema& method,
                       const google::protobuf::MethodDescriptor& declared) {
  const Descriptor& request = *declared.input_type();
  const std::string comment = comment_of(declared);
  json::object entry{{"operationId", method.name}, {"tags", json::array{method.group}}};
  describe(entry, comment);
  const auto names = path_fields(method.path);
  const std::set<std::string> in_path(names.begin(), names.end());
  const bool has_body = method.method == http::Method::kPost;
  json::array parameters;
  for (const std::string& name : names)
    parameters.push_back(parameter(*request.FindFieldByName(name), true));
  for (int i = 0; i < request.field_count() && !has_body; ++i) {
    const FieldDescriptor& field = *request.field(i);
    if (!in_path.contains(field.name()) && !json_options(field).internal())
      parameters.push_back(parameter(field, false));
  }
  if (request.FindFieldByName("request_id") != nullptr) {
    parameters.push_back({{"name", "Idempotency-Key"},
                          {"in", "header"},
                          {"description", "The same key with the same request has its effect once"},
                          {"schema", {{"type", "string"}, {"maxLength", 128}}}});
  }
  if (!parameters.empty()) entry["parameters"] = std::move(parameters);
  if (has_body && request.field_count() > static_cast<int>(names.size()))
    entry["requestBody"] = request_body(request, in_path);
  entry["responses"] = answers(method);
  if (method.role == "open") {
    entry["security"] = json::array{};
  } else {
    entry["x-cairn-role"] = method.role;
  }
  return entry;
}

json::object components() {
  json::object schemas;
  std::map<std::string, json::object> sorted;
  for (const char* file :
       {"schemas/documents.proto", "schemas/readings.proto", "schemas/session.proto",
        "schemas/system.proto", "schemas/workflows.proto"}) {
    const auto* declared = commented_pool().FindFileByName(file);
    for (int i = 0; i < declared->message_type_count(); ++i) {
      const Descriptor& message = *declared->message_type(i);
      if (message.name().ends_with("Request")) continue;
      sorted[message.name()] = message_schema(message);
    }
  }
  for (auto& [name, schema] : sorted) schemas[name] = std::move(schema);
  return {{"schemas", std::move(schemas)},
          {"securitySchemes",
           {{"token", {{"type", "http"}, {"scheme", "bearer"}}},
            {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "cairn_session"}}}}}};
}

}  // namespace

json::object message_schema(const Descriptor& message) {
  if (message.name() == "JsonObject") return {{"type", "object"}, {"additionalProperties", true}};
  json::object properties;
  json::array required;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    json::object schema = field_schema(field);
    // A "$ref" takes no word beside it in the tools that people use.
    if (!schema.contains("$ref")) describe(schema, comment_of(field));
    properties[field.name()] = std::move(schema);
    if (is_always_there(field)) required.emplace_back(field.name());
  }
  json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (message.options().GetExtension(v1::open)) schema["additionalProperties"] = true;
  describe(schema, comment_of(message));
  return schema;
}

json::object openapi_document() {
  json::object paths;
  for (const MethodSchema& method : methods()) {
    const auto* declared =
        commented_pool().FindMethodByName("cairn.v1." + method.service + "." + method.name);
    json::value& path = paths[std::string(kPrefix) + method.path];
    if (!path.is_object()) path.emplace_object();
    path.get_object()[http::lower_case(http::to_string(method.method))] =
        operation(method, *declared);
  }
  return {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Cairn"},
        {"version", kApiVersion},
        {"description",
         "The API of `cairn serve`. `run` is an id, a unique prefix of one, a name (its newest "
         "run) or @latest; `stage` is STAGE, or STAGE[LABEL] for one of several tasks. The same "
         "methods are there over gRPC (schemas/control.proto), and besides them `Watch`, which "
         "streams one run's journal, and `Backup`."}}},
      {"security", json::array{json::object{{"token", json::array{}}},
                               json::object{{"session", json::array{}}}}},
      {"paths", std::move(paths)},
      {"components", components()}};
}

}  // namespace cairn::api
