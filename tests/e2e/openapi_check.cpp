#include "tests/e2e/openapi_check.h"

#include <algorithm>

namespace cairn::e2e {
namespace {

class Checker {
 public:
  explicit Checker(const json::object& document) : document_(document) {}

  void check(const json::object& schema, const json::value& value, const std::string& at) {
    if (const auto* reference = schema.if_contains("$ref")) {
      const std::string name(reference->as_string());
      const auto& schemas = document_.at("components").at("schemas").as_object();
      check(schemas.at(name.substr(name.rfind('/') + 1)).as_object(), value, at);
      return;
    }
    if (const auto* type = schema.if_contains("type"); type != nullptr && !fits(*type, value)) {
      breaches.push_back(at + ": " + json::serialize(value).substr(0, 60) + " is no " +
                         json::serialize(*type));
      return;
    }
    if (const auto* values = schema.if_contains("enum"); values != nullptr && !value.is_null()) {
      const auto& list = values->as_array();
      // An empty text stands for none of them.
      if (std::ranges::find(list, value) == list.end() && value != json::value(""))
        breaches.push_back(at + ": " + json::serialize(value) + " is none of its values");
    }
    if (value.is_object()) check_members(schema, value.get_object(), at);
    if (const auto* items = schema.if_contains("items"); items != nullptr && value.is_array()) {
      for (std::size_t i = 0; i < value.get_array().size() && i < 50; ++i)
        check(items->as_object(), value.get_array()[i], at + "/" + std::to_string(i));
    }
  }

  std::vector<std::string> breaches;

 private:
  static bool is_type(std::string_view type, const json::value& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "null") return value.is_null();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    return value.is_number();
  }
  static bool fits(const json::value& type, const json::value& value) {
    if (type.is_string()) return is_type(type.get_string(), value);
    return std::ranges::any_of(
        type.as_array(), [&](const json::value& one) { return is_type(one.as_string(), value); });
  }

  void check_members(const json::object& schema, const json::object& value, const std::string& at) {
    if (const auto* required = schema.if_contains("required")) {
      for (const json::value& name : required->as_array()) {
        if (!value.contains(name.as_string()))
          breaches.push_back(at + ": " + std::string(name.as_string()) + " is missing");
      }
    }
    const auto* properties = schema.if_contains("properties");
    const auto* others = schema.if_contains("additionalProperties");
    for (const auto& [name, member] : value) {
      const std::string place = at + "/" + std::string(name);
      const json::value* known =
          properties != nullptr ? properties->as_object().if_contains(name) : nullptr;
      if (known != nullptr) {
        check(known->as_object(), member, place);
      } else if (others != nullptr && others->is_object()) {
        check(others->get_object(), member, place);
      } else if (properties != nullptr && others == nullptr) {
        breaches.push_back(place + " is not in the schema");
      }
    }
  }

  const json::object& document_;
};

}  // namespace

std::vector<std::string> schema_breaches(const json::object& document, const json::value& schema,
                                         const json::value& value) {
  Checker checker(document);
  checker.check(schema.as_object(), value, "");
  return std::move(checker.breaches);
}

const json::value* Operation::answer_schema() const {
  const json::object& good = declared->at("responses").at(std::to_string(status())).as_object();
  const json::value* content = good.if_contains("content");
  if (content == nullptr) return nullptr;
  const json::value* body = content->as_object().if_contains("application/json");
  return body == nullptr ? nullptr : &body->at("schema");
}

int Operation::status() const {
  for (const auto& [status, answer] : declared->at("responses").as_object()) {
    if (status != "default") return std::stoi(std::string(status));
  }
  return 0;
}

std::vector<const json::object*> Operation::parameters(const char* where) const {
  std::vector<const json::object*> found;
  if (const auto* parameters = declared->if_contains("parameters")) {
    for (const json::value& parameter : parameters->as_array()) {
      if (parameter.at("in").as_string() == where) found.push_back(&parameter.as_object());
    }
  }
  return found;
}

const json::object* Operation::body_schema() const {
  const json::value* body = declared->if_contains("requestBody");
  if (body == nullptr) return nullptr;
  return &body->at("content").at("application/json").at("schema").as_object();
}

std::vector<Operation> operations_of(const json::object& document) {
  std::vector<Operation> operations;
  for (const auto& [path, methods] : document.at("paths").as_object()) {
    for (const auto& [method, declared] : methods.as_object()) {
      std::string name(method);
      std::ranges::transform(name, name.begin(), [](char c) {
        return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      });
      operations.push_back({std::move(name), std::string(path), &declared.as_object()});
    }
  }
  return operations;
}

}  // namespace cairn::e2e
