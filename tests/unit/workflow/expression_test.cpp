#include "core/workflow/expression.h"

#include <gtest/gtest.h>

#include <map>

#include "core/base/text.h"
#include "core/workflow/template.h"

namespace cairn {
namespace {

std::string run(const std::string& text) {
  static const std::map<std::string, json::value> kNames = {
      {"params.steps", 40},
      {"params.rate", 0.5},
      {"params.name", "abc"},
      {"params.sizes", json::array{1, 2, 3}},
      {"params.map", json::object{{"key", "value"}}},
      {"run.seed", 7}};
  const NameLookup lookup = [](const ExpressionName& name) -> Result<json::value> {
    const auto found = kNames.find(join(name.parts, "."));
    if (found == kNames.end()) return not_found("no " + join(name.parts, "."));
    return found->second;
  };
  ExpressionError error;
  const auto expression = Expression::parse(text, &error);
  const auto value = expression ? expression->evaluate(lookup, &error) : std::nullopt;
  if (!value) return std::to_string(error.offset) + ": " + error.message;
  return json::serialize(*value);
}

TEST(Expression, Arithmetic) {
  EXPECT_EQ(run("1 + 2 * 3"), "7");
  EXPECT_EQ(run("(1 + 2) * 3 - -1"), "10");
  EXPECT_EQ(run("7 // 2"), "3");
  EXPECT_EQ(run("-7 // 2"), "-4");
  EXPECT_EQ(run("-7 % 3"), "2");
  EXPECT_EQ(run("7 / 2"), "3.5E0");
  EXPECT_EQ(run("8 / 2"), "4E0");
  EXPECT_EQ(run("params.steps * params.rate"), "2E1");
}

TEST(Expression, LogicAndComparison) {
  EXPECT_EQ(run("1 < 2 and not 2 < 1"), "true");
  EXPECT_EQ(run("false and params.nobody"), "false");
  EXPECT_EQ(run("true or 1 / 0 > 0"), "true");
  EXPECT_EQ(run("params.steps > 10 ? 'long' : 'short'"), "\"long\"");
  EXPECT_EQ(run("false ? 1 : true ? 2 : 3"), "2");
  EXPECT_EQ(run("1 == 1.0"), "true");
  EXPECT_EQ(run("'a' < 'b'"), "true");
  EXPECT_EQ(run("null == 1"), "false");
  EXPECT_EQ(run("2 in params.sizes and 'key' in params.map"), "true");
}

TEST(Expression, TextsListsAndFunctions) {
  EXPECT_EQ(run("params.name + \"d\""), "\"abcd\"");
  EXPECT_EQ(run("params.sizes[-1] + params.sizes[0]"), "4");
  EXPECT_EQ(run("params.map.key + params.map['key']"), "\"valuevalue\"");
  EXPECT_EQ(run("min(params.sizes) + max(1, 5.5)"), "6.5E0");
  EXPECT_EQ(run("round(2.6) + floor(2.6) + ceil(2.1) + int('4') + len('größe')"), "17");
  EXPECT_EQ(run("join([1, 'a', 0.25], '-')"), "\"1-a-0.25\"");
  EXPECT_EQ(run("upper(params.name)"), "\"ABC\"");
}

TEST(Expression, ListsAreMadeAndOrdered) {
  EXPECT_EQ(run("range(3) + range(2, 4) + range(3, 1)"), "[0,1,2,2,3]");
  EXPECT_EQ(run("sum(range(5))"), "10");
  EXPECT_EQ(run("sum([1, 0.5])"), "1.5E0");
  EXPECT_EQ(run("sum([])"), "0");
  EXPECT_EQ(run("sorted([3, 1.5, 2])"), "[1.5E0,2,3]");
  EXPECT_EQ(run("sorted(['b', 'a'])"), "[\"a\",\"b\"]");
  EXPECT_EQ(run("reversed(params.sizes)"), "[3,2,1]");
  EXPECT_EQ(run("unique([1, 2, 1, 'a', 'a'])"), "[1,2,\"a\"]");
  EXPECT_EQ(run("first(params.sizes) + last(params.sizes)"), "4");
  EXPECT_EQ(run("zip([1, 2], ['a', 'b'])"), "[[1,\"a\"],[2,\"b\"]]");
  EXPECT_EQ(run("keys(params.map)"), "[\"key\"]");
  EXPECT_EQ(run("split('a, b', ', ')"), "[\"a\",\"b\"]");
  EXPECT_EQ(run("replace('aXbX', 'X', '--')"), "\"a--b--\"");
  EXPECT_EQ(run("strip('  a b ')"), "\"a b\"");
  EXPECT_EQ(run("params.sizes[last(range(3))]"), "3");
  EXPECT_EQ(run("zip(params.sizes, params.sizes)[1][0]"), "2");
}

TEST(Expression, FoldingKeepsWhatVaries) {
  int asked = 0;
  const NameLookup lookup = [&](const ExpressionName& name) -> Result<json::value> {
    ++asked;
    if (name.parts[0] == "params") return json::value(json::array{1, 2, 3});
    return json::value(2);
  };
  ExpressionError error;
  const auto expression = Expression::parse("sum(params.list) + params.list[matrix.i]", &error);
  ASSERT_TRUE(expression);
  const Expression folded = expression->folded(
      lookup, [](const ExpressionName& name) { return name.parts[0] == "matrix"; });
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(folded.evaluate(lookup, &error), json::value(9));
  EXPECT_EQ(asked, 3);  // matrix.i alone
  // What cannot be evaluated is reported when it is.
  const auto broken = Expression::parse("matrix.i > 5 ? 1 / 0 : 3", &error);
  EXPECT_EQ(broken->folded(lookup, [](const auto& name) { return name.parts[0] == "matrix"; })
                .evaluate(lookup, &error),
            json::value(3));
}

TEST(Expression, ErrorsSayWhereAndWhy) {
  EXPECT_EQ(run("1 + 'a'"), "2: '+' cannot take an int and a text");
  EXPECT_EQ(run("1 == 'a'"), "2: '==' cannot take an int and a text");
  EXPECT_EQ(run("1 / 0"), "2: division by zero");
  EXPECT_EQ(run("9223372036854775807 + 1"), "20: the integer becomes too large");
  EXPECT_EQ(run("1 < 2 < 3"), "6: comparisons cannot be chained");
  EXPECT_EQ(run("1 +"), "3: the expression ends too early");
  EXPECT_EQ(run("params"), "6: 'params' is not complete");
  EXPECT_EQ(run("maxi(1)"), "0: there is no function 'maxi'");
  EXPECT_EQ(run("1 = 1"), "2: unexpected '='");
  EXPECT_EQ(run("20k"), "0: '20' is not a number here");
  EXPECT_EQ(run(""), "0: the expression is empty");
  EXPECT_EQ(run("'open"), "0: the quotes are never closed");
  EXPECT_EQ(run("not 3"), "4: true or false is needed here, not an int");
}

TEST(Expression, DepthIsLimited) {
  EXPECT_EQ(run(std::string(5000, '(') + "1" + std::string(5000, ')')),
            "0: the expression is too long");
  EXPECT_EQ(run(std::string(1000, '(') + "1" + std::string(1000, ')')), "64: nested too deep");
  EXPECT_EQ(run(std::string(1000, '-') + "1"), "63: nested too deep");
}

TEST(Template, KeepsLiteralsAndEscapes) {
  ExpressionError error;
  auto parsed = Template::parse("a $${b} ${params.x} $c ${'}'}", &error);
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->parts.size(), 4u);
  EXPECT_EQ(std::get<std::string>(parsed->parts[0]), "a ${b} ");
  EXPECT_EQ(std::get<TemplateExpression>(parsed->parts[1]).offset, 8u);
  EXPECT_EQ(std::get<TemplateExpression>(parsed->parts[3]).text, "'}'");
  EXPECT_FALSE(Template::parse("a ${b", &error));
  EXPECT_EQ(error.offset, 2u);
}

TEST(Condition, ReadsStagesOfARun) {
  ConditionScope scope;
  scope.params = {{"limit", 0.5}};
  scope.run_name = "demo";
  scope.status = [](std::string_view stage) -> std::optional<std::string> {
    if (stage == "rl-1") return "succeeded";
    return std::nullopt;
  };
  scope.metric = [](std::string_view, std::string_view metric) -> std::optional<double> {
    if (metric == "reward/mean") return 0.75;
    return std::nullopt;
  };
  const auto truth = [&](const std::string& text) { return evaluate_condition(text, scope); };
  EXPECT_TRUE(*truth("stages.rl-1.status == 'succeeded'"));
  EXPECT_TRUE(*truth("stages.rl-1.metrics.reward/mean > params.limit"));
  EXPECT_FALSE(*truth("run.name == 'other'"));
  EXPECT_FALSE(truth("stages.nobody.status == 'failed'").ok());
  EXPECT_EQ(truth("stages.rl-1.metrics.loss > 0").error().message,
            "condition 'stages.rl-1.metrics.loss > 0', column 1: stage 'rl-1' reported no metric "
            "'loss'");
  EXPECT_FALSE(truth("params.limit").ok());
}

}  // namespace
}  // namespace cairn
