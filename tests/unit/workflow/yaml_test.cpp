#include "core/workflow/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn {
namespace {

std::optional<YamlNode> parse(const std::string& text, Diagnostics& diagnostics) {
  return parse_yaml(SourceFile::make("f", text), diagnostics);
}

TEST(Yaml, ScalarsFollowTheCoreSchema) {
  EXPECT_EQ(resolve_plain_scalar("true"), json::value(true));
  EXPECT_EQ(resolve_plain_scalar("yes"), json::value("yes"));
  EXPECT_EQ(resolve_plain_scalar("~"), json::value(nullptr));
  EXPECT_EQ(resolve_plain_scalar("-12"), json::value(std::int64_t{-12}));
  EXPECT_EQ(resolve_plain_scalar("0x1f"), json::value(std::int64_t{31}));
  EXPECT_EQ(resolve_plain_scalar("1e-3"), json::value(1e-3));
  EXPECT_EQ(resolve_plain_scalar(".5"), json::value(0.5));
  EXPECT_EQ(resolve_plain_scalar("18446744073709551615"), json::value(UINT64_MAX));
  EXPECT_EQ(resolve_plain_scalar("-9223372036854775808"), json::value(INT64_MIN));
  for (const char* text :
       {"12h", "1.2.3", "--1", "+-1", "0x-1", "e5", ".", "-", "1e", "nan", ".inf"})
    EXPECT_EQ(resolve_plain_scalar(text), json::value(text));
}

TEST(Yaml, QuotedScalarsAreTexts) {
  Diagnostics diagnostics;
  auto root = parse("a: '3'\nb: !!str 4\nc: 5\n", diagnostics);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->to_json(), (json::value{{"a", "3"}, {"b", "4"}, {"c", 5}}));
}

TEST(Yaml, PositionsCountCodePoints) {
  Diagnostics diagnostics;
  auto root = parse("größe: [ä, {öl: 1}]\n", diagnostics);
  ASSERT_TRUE(root);
  const YamlNode& list = root->entries[0].value;
  EXPECT_EQ(list.where().column, 8);
  EXPECT_EQ(list.items[1].where().column, 12);
  EXPECT_EQ(list.items[1].entries[0].value.where().column, 17);
}

TEST(Yaml, EmptyValuesStandAtTheirKey) {
  Diagnostics diagnostics;
  auto root = parse("a: 1\nb:\nc: 2\n", diagnostics);
  ASSERT_TRUE(root);
  EXPECT_TRUE(root->find("b")->value.is_null());
  EXPECT_EQ(root->find("b")->value.where().line, 2);
}

TEST(Yaml, EveryDuplicateKeyIsReportedAndTheFirstKept) {
  Diagnostics diagnostics;
  auto root = parse("a: 1\na: 2\nb: {c: 1, c: {c: 1, c: 2}}\n", diagnostics);
  ASSERT_TRUE(root);
  EXPECT_EQ(diagnostics.errors(), 3u);
  EXPECT_EQ(root->find("a")->value.scalar, json::value(1));
}

TEST(Yaml, AliasesAreCopiesUpToTheLimits) {
  Diagnostics diagnostics;
  auto root = parse("a: &x {k: [1, 2]}\nb: *x\n", diagnostics);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a")->value.to_json(), root->find("b")->value.to_json());
  EXPECT_FALSE(parse("a: &x [*x]\n", diagnostics));
}

TEST(Yaml, AliasesDoNotEscapeTheDepthLimit) {
  std::string text;
  for (int i = 0; i < 8; ++i) {
    text += "k" + std::to_string(i) + ": &a" + std::to_string(i) + " " + std::string(20, '[') +
            (i == 0 ? "1" : "*a" + std::to_string(i - 1)) + std::string(20, ']') + "\n";
  }
  Diagnostics diagnostics;
  EXPECT_FALSE(parse(text, diagnostics));
  EXPECT_EQ(diagnostics.sorted().at(0).code, "too_deep");
}

}  // namespace
}  // namespace cairn
