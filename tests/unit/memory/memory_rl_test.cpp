#include <algorithm>

#include "tests/unit/trainer/tiny_policy.h"

namespace cairn::testing {
namespace {

struct MemoryRlTest : ::testing::Test {
  MemoryRlTest() : stage(rl_type("memory_rl")) {
    write_tiny_policy(stage.folder());
    set_small(stage, stage.folder());
    stage.param("chunk_tokens", 8).param("memory_tokens", 10);
  }
  StageHarness stage;
};

TEST_F(MemoryRlTest, ResumesExactly) {
  EXPECT_EQ(stage.check_resume(), "");
}

TEST_F(MemoryRlTest, EveryTurnCountsAndTheRewardIsOfTheAnswer) {
  stage.param("steps", 1);
  const auto run = stage.run();
  ASSERT_FALSE(run.failure.has_value()) << run.failure->message;
  const auto steps = lines_of(stage.output("rollouts") / "steps.jsonl");
  ASSERT_EQ(steps.size(), 1U);
  const auto rollouts = lines_of(stage.output("rollouts") / "rollouts.jsonl");
  ASSERT_EQ(rollouts.size(), 16U);
  std::int64_t longest = 0;
  for (const auto& rollout : rollouts)
    longest = std::max(longest, rollout.at("tokens").to_number<std::int64_t>());
  EXPECT_GT(longest, 12) << "the tokens of the chunk's turn are missing";
  EXPECT_FALSE(same_weights(stage.folder() / "policy", stage.output("model")));
}

}  // namespace
}  // namespace cairn::testing
