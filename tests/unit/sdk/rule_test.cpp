// Checks between parameters: what holds, what is said, what a manifest keeps.
#include "core/sdk/rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/sdk/stage_type.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;

struct Judge : Stage {
  Param<std::int64_t> shortest{this, "shortest", 1, "Shortest"};
  Param<std::int64_t> longest{this, "longest", 10, "Longest"};
  Param<std::string> mode{this, "mode", "local", "Where", Choices{{"local", "remote"}}};
  Param<std::string> url{this, "url", "", "Address"};
  Param<std::optional<double>> top{this, "top", std::nullopt, "Best of all"};
  Param<double> share{this, "share", 0.5, "Share"};
  Check order{this, shortest <= longest, "the range must not be empty"};
  Check remote{this, implies(mode == "remote", given(url)), "a remote judge needs an address"};
  Check one{this, at_most_one({given(top), share > shortest}), "only one of them can choose"};

  Result<void> run(StageContext&) override { return {}; }
};

const StageDecl& decl() {
  static const StageDecl kDecl = stage_type<Judge>("judge", "Judges").declaration();
  return kDecl;
}

std::vector<std::string> broken(json::object given) {
  std::vector<std::string> list;
  json::object params;
  for (const ParamDecl& param : decl().params) params[param.name] = param.default_value;
  for (auto& member : given) params[member.key()] = member.value();
  for (const CheckDecl* check : broken_checks(decl(), params))
    list.push_back(check_error(*check, params).to_string());
  return list;
}

TEST(Rule, HoldsOrSaysWhy) {
  EXPECT_THAT(broken({}), ElementsAre());
  EXPECT_THAT(broken({{"shortest", 11}}),
              ElementsAre("'shortest' is 11 and 'longest' is 10: the range must not be empty (it "
                          "must hold that shortest <= longest)"));
  EXPECT_THAT(broken({{"mode", "remote"}}),
              ElementsAre("'mode' is \"remote\" and 'url' is \"\": a remote judge needs an address "
                          "(it must hold that if mode == \"remote\" then url is given)"));
  EXPECT_THAT(broken({{"mode", "remote"}, {"url", "http://localhost"}}), ElementsAre());
  EXPECT_EQ(broken({{"top", 0.5}, {"shortest", 0}}).size(), 1u);
}

TEST(Rule, NumbersAreComparedAsNumbersAndNothingWithNull) {
  const json::object params{{"a", 1}, {"b", 1.0}, {"c", nullptr}, {"d", "x"}};
  const auto compared = [&](Rule::Op op, const char* left, const char* right) {
    Rule rule;
    rule.op = op;
    rule.operands = {{left, nullptr}, {right, nullptr}};
    return holds(rule, params);
  };
  EXPECT_TRUE(compared(Rule::Op::kEqual, "a", "b"));
  EXPECT_FALSE(compared(Rule::Op::kLess, "a", "b"));
  EXPECT_TRUE(compared(Rule::Op::kLessEqual, "a", "b"));
  EXPECT_FALSE(compared(Rule::Op::kLess, "a", "c"));
  EXPECT_FALSE(compared(Rule::Op::kLessEqual, "c", "a"));
  EXPECT_FALSE(compared(Rule::Op::kLess, "a", "d"));
  EXPECT_TRUE(compared(Rule::Op::kNotEqual, "a", "c"));
}

TEST(Rule, AManifestKeepsIt) {
  for (const CheckDecl& check : decl().checks) {
    const json::object written = to_json(check.rule);
    const auto read = rule_from_json(written);
    ASSERT_TRUE(read.ok()) << json::serialize(written);
    EXPECT_EQ(to_json(*read), written);
    EXPECT_EQ(to_string(*read), to_string(check.rule));
  }
  for (const char* wrong : {"1", "{}", R"({"<": [1]})", R"({"not": []})", R"({"x": []})",
                            R"({"<": [1, {"parm": "a"}]})", R"({"and": [1]})"})
    EXPECT_FALSE(rule_from_json(parse_json(wrong).value()).ok()) << wrong;
}

TEST(Rule, IsCheckedBeforeAStageIsBound) {
  const auto params = canonical_params(decl(), {{"shortest", 20}});
  ASSERT_FALSE(params.ok());
  EXPECT_THAT(params.error().message, ::testing::HasSubstr("the range must not be empty"));
}

}  // namespace
}  // namespace cairn
