#include "core/workflow/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/workflow/keys.h"
#include "tests/unit/workflow/sample_registry.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

// Every key that the checker takes is a property, and no other; both are closed.
void expect_same_keys(const json::object& schema, const std::vector<Key>& keys) {
  const auto& properties = schema.at("properties").as_object();
  std::size_t known = 0;
  for (const Key& key : keys) {
    ++known;
    EXPECT_TRUE(properties.contains(key.decl.name)) << key.decl.name;
  }
  EXPECT_EQ(properties.size(), known);
  EXPECT_EQ(schema.at("additionalProperties"), json::value(false));
}

TEST(Schema, OfTheWorkflowHasTheKeysOfTheChecker) {
  const json::object schema = workflow_schema(testing::sample_registry());
  EXPECT_EQ(schema.at("$schema").as_string(), "https://json-schema.org/draft/2020-12/schema");
  expect_same_keys(schema, workflow_keys());
  const auto& stage = schema.at("properties").at("stages").at("additionalProperties").as_object();
  expect_same_keys(stage, stage_keys());
  expect_same_keys(stage.at("properties").at("retry").as_object(), retry_keys());
  const auto& matrix = stage.at("properties").at("matrix").as_object();
  EXPECT_EQ(matrix.at("properties").as_object().size(), matrix_keys().size());
  EXPECT_TRUE(matrix.at("additionalProperties").as_object().contains("anyOf"));
  expect_same_keys(stage.at("properties").at("foreach").at("anyOf").at(1).as_object(),
                   foreach_keys());
  expect_same_keys(stage.at("properties").at("watchdogs").at("items").as_object(), watchdog_keys());
  expect_same_keys(schema.at("properties").at("notify").as_object(), notify_keys());
  EXPECT_EQ(stage.at("required"), json::value(json::array{"uses"}));
  EXPECT_EQ(stage.at("properties").at("uses").at("enum").as_array().size(), 6u);
  // Each reference names a definition.
  for (const auto& rule : stage.at("allOf").as_array()) {
    const auto& reference = rule.at("then").at("properties").at("with").at("$ref").as_string();
    const std::string name(reference.subview(std::string("#/$defs/").size()));
    EXPECT_TRUE(schema.at("$defs").as_object().contains(name)) << name;
  }
}

TEST(Schema, OfAStageTypeHasItsLimits) {
  const json::object schema = stage_type_schema(*testing::sample_registry().find("filter")->stage);
  const auto& threshold = schema.at("properties").at("threshold");
  EXPECT_EQ(threshold.at("default"), json::value(0.8));
  EXPECT_EQ(threshold.at("anyOf").at(0),
            (json::value{{"type", "number"}, {"minimum", 0}, {"maximum", 1}}));
  EXPECT_EQ(threshold.at("anyOf").at(1).at("pattern").as_string(), "\\$\\{");
  const json::object train = stage_type_schema(*testing::sample_registry().find("train")->stage);
  EXPECT_EQ(train.at("required"), json::value(json::array{"steps"}));
}

TEST(Schema, MarkdownNamesEverything) {
  const std::string text = stage_type_markdown(*testing::sample_registry().find("filter")->stage);
  EXPECT_THAT(text, HasSubstr("| `mode` | enum | `\"exact\"`; one of exact, minhash | How |"));
  EXPECT_THAT(text, HasSubstr("| `documents` | documents | The documents |"));
}

}  // namespace
}  // namespace cairn
