#include "plugins/lib/grade/reward.h"

#include <gtest/gtest.h>

namespace cairn::grade {
namespace {

double reward(const char* task, const char* accepted, const char* response) {
  return rule_reward(response, {task, {accepted}}, false);
}

TEST(RuleReward, MultipleChoiceTakesTheLetterOnly) {
  EXPECT_EQ(reward("multiple_choice", "B", "The answer is B"), 1);
  EXPECT_EQ(reward("multiple_choice", "B", "The answer is (b) second."), 1);
  EXPECT_EQ(reward("multiple_choice", "B", "The answer is C"), 0);
  EXPECT_EQ(reward("multiple_choice", "B", "The answer is Blue"), 0);
  EXPECT_EQ(reward("multiple_choice", "B", "B"), 0);
}

TEST(RuleReward, NumbersAreNeverGradedByContainment) {
  EXPECT_EQ(reward("numerical", "5", "The answer is 15"), 0);
  EXPECT_EQ(reward("numerical", "1500", "The answer is 1,500"), 1);
  EXPECT_EQ(reward("reading", "5", "The answer is 15"), 0);
  EXPECT_EQ(reward("reading", "5", "The answer is 5."), 1);
  EXPECT_EQ(reward("multihop", "1.2.11-1", "The answer is 1.2.11-1"), 1);
}

TEST(RuleReward, NeedlesAreDense) {
  EXPECT_EQ(reward("dialogue", "Lisbon", "The answer is Lisbon."), 1);
  const double near = reward("dialogue", "Lisbon", "The answer is Lisboa");
  EXPECT_GT(near, 0.5);
  EXPECT_LT(near, 1);
  EXPECT_EQ(reward("dialogue", "Lisbon", "Lisbon"), 0);
}

TEST(RuleReward, ThoughtsDoNotCount) {
  const Gold gold{"reading", {"Paris"}};
  EXPECT_EQ(rule_reward("<think>the answer is Paris</think>the answer is Rome", gold, true), 0);
  EXPECT_EQ(rule_reward("the answer is Paris", gold, true), 0);
  EXPECT_EQ(rule_reward("x</think> The answer is Paris", gold, true), 1);
}

TEST(RuleReward, EmptyAndMalformedResponsesScoreNothing) {
  for (const char* response : {"", "The answer is", "The answer is   ", "\xff\xfe", "the answer"}) {
    EXPECT_EQ(reward("reading", "Paris", response), 0) << response;
    EXPECT_FALSE(well_formed(response, false)) << response;
  }
  EXPECT_TRUE(well_formed("The answer is \xff", false));
}

}  // namespace
}  // namespace cairn::grade
