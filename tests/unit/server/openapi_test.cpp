#include "core/server/api/openapi.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "core/server/api/api.h"
#include "core/server/api/method.h"

namespace cairn::api {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(std::string(CAIRN_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void collect_references(const json::value& value, std::set<std::string>& names) {
  if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (key == "$ref") names.insert(std::string(member.as_string()));
      collect_references(member, names);
    }
  } else if (const auto* array = value.if_array()) {
    for (const json::value& element : *array) collect_references(element, names);
  }
}

TEST(Openapi, TheCommittedDocumentIsWhatTheSchemasSay) {
  EXPECT_EQ(read("schemas/openapi.json"), pretty_json(openapi_document()))
      << "make it anew: cairn schema api > schemas/openapi.json";
}

TEST(Openapi, EveryReferenceLeadsSomewhere) {
  const json::object document = openapi_document();
  std::set<std::string> names;
  collect_references(document, names);
  const json::object& schemas = document.at("components").at("schemas").as_object();
  for (const std::string& name : names) {
    ASSERT_TRUE(name.starts_with("#/components/schemas/")) << name;
    EXPECT_TRUE(schemas.contains(name.substr(name.rfind('/') + 1))) << name;
  }
}

TEST(Openapi, EveryMethodSaysWhatItIsForAndWhoMayAsk) {
  const json::object document = openapi_document();
  for (const MethodSchema& method : methods()) {
    const json::object& operation = document.at("paths")
                                        .at(std::string(kPrefix) + method.path)
                                        .at(http::lower_case(http::to_string(method.method)))
                                        .as_object();
    EXPECT_EQ(operation.at("operationId").as_string(), method.name);
    EXPECT_EQ(operation.contains("x-cairn-role"), method.role != "open") << method.name;
    for (const std::string& field : path_fields(method.path))
      EXPECT_NE(method.request->FindFieldByName(field), nullptr) << method.name << " " << field;
  }
}

// Signing in is the one thing that strangers may ask of the API.
TEST(Openapi, OneMethodIsOpen) {
  std::vector<std::string> open;
  for (const MethodSchema& method : methods()) {
    if (method.access().is_open()) open.push_back(method.name);
  }
  EXPECT_EQ(open, std::vector<std::string>{"SignIn"});
}

TEST(Openapi, WhatChangesSomethingIsForAdminsAndNoGet) {
  for (const MethodSchema& method : methods()) {
    if (method.service == "Session") continue;
    EXPECT_EQ(method.role == "admin", method.method != http::Method::kGet) << method.name;
  }
}

// What was published stays: paths, parameters, and members that are always there.
TEST(Openapi, NothingOfTheFirstVersionIsGone) {
  const auto first = parse_json(read("tests/data/api/openapi_v1.json"));
  ASSERT_TRUE(first.ok());
  const json::object now = openapi_document();
  for (const auto& [path, methods] : first->at("paths").as_object()) {
    const json::value* found = now.at("paths").as_object().if_contains(path);
    ASSERT_NE(found, nullptr) << path;
    for (const auto& [method, operation] : methods.as_object()) {
      const json::value* same = found->as_object().if_contains(method);
      ASSERT_NE(same, nullptr) << method << " " << path;
      std::set<std::string> names;
      if (const auto* parameters = same->as_object().if_contains("parameters")) {
        for (const json::value& parameter : parameters->as_array())
          names.insert(std::string(parameter.at("name").as_string()));
      }
      if (const auto* parameters = operation.as_object().if_contains("parameters")) {
        for (const json::value& parameter : parameters->as_array()) {
          EXPECT_TRUE(names.contains(std::string(parameter.at("name").as_string())))
              << method << " " << path << " " << parameter.at("name");
        }
      }
    }
  }
  const json::object& schemas = now.at("components").at("schemas").as_object();
  for (const auto& [name, schema] : first->at("components").at("schemas").as_object()) {
    ASSERT_TRUE(schemas.contains(name)) << name;
    const json::value* required = schema.as_object().if_contains("required");
    if (required == nullptr) continue;
    const json::object& properties = schemas.at(name).at("properties").as_object();
    for (const json::value& member : required->as_array())
      EXPECT_TRUE(properties.contains(member.as_string())) << name << "." << member;
  }
}

}  // namespace
}  // namespace cairn::api
