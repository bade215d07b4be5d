#include "tests/unit/trainer/tiny_policy.h"

namespace cairn::testing {
namespace {

struct RlStageTest : ::testing::Test {
  RlStageTest() : stage(rl_type("rl_stage")) {
    write_tiny_policy(stage.folder());
    set_small(stage, stage.folder());
  }
  StageHarness stage;
};

TEST_F(RlStageTest, ResumesExactly) {
  stage.param("aepo", true).param("aepo_low", 0.0).param("aepo_high", 0.5);
  EXPECT_EQ(stage.check_resume(), "");
}

TEST_F(RlStageTest, RecordsEveryStepAndResponse) {
  const HarnessRun run = stage.run();
  ASSERT_FALSE(run.failure.has_value()) << run.failure->message;
  const auto steps = lines_of(stage.output("rollouts") / "steps.jsonl");
  ASSERT_EQ(steps.size(), 4U);
  for (const auto& step : steps) {
    EXPECT_EQ(step.at("update"), "applied");
    EXPECT_GT(step.at("reward_mean").to_number<double>(), 0.0);
    EXPECT_GT(step.at("grad_norm").to_number<double>(), 0.0);
    EXPECT_EQ(step.at("by_task").as_object().size(), 2U);
  }
  const auto rollouts = lines_of(stage.output("rollouts") / "rollouts.jsonl");
  ASSERT_EQ(rollouts.size(), 4U * 4U * 4U);
  double sum = 0;
  for (std::size_t i = 0; i < 16; ++i) sum += rollouts[i].at("reward").to_number<double>();
  EXPECT_NEAR(sum / 16, steps[0].at("reward_mean").to_number<double>(), 1e-12);
  EXPECT_TRUE(run.status.last_metrics.contains("reward_mean"));
  EXPECT_FALSE(same_weights(stage.folder() / "policy", stage.output("model")));
  EXPECT_TRUE(model::Tokenizer::load(stage.output("model")).ok());
}

TEST_F(RlStageTest, SeedDecidesTheResult) {
  const auto first = stage.run().outputs;
  stage.reset();
  EXPECT_EQ(stage.run().outputs, first);
  stage.reset();
  stage.seed(12);
  EXPECT_NE(stage.run().outputs.at("model"), first.at("model"));
}

TEST_F(RlStageTest, PermutedRewardsTrainAnotherModelOnTheSameRecord) {
  stage.param("steps", 1);
  const auto honest = stage.run().outputs;
  const auto earned = lines_of(stage.output("rollouts") / "rollouts.jsonl");
  stage.reset();
  stage.param("permute_rewards", true);
  const auto control = stage.run().outputs;
  EXPECT_NE(control.at("model"), honest.at("model"));
  const auto shown = lines_of(stage.output("rollouts") / "rollouts.jsonl");
  ASSERT_EQ(shown.size(), earned.size());
  for (std::size_t i = 0; i < shown.size(); ++i)
    EXPECT_EQ(shown[i].at("reward"), earned[i].at("reward"));
}

TEST_F(RlStageTest, LearnsWhatIsRewarded) {
  stage.param("steps", 40).param("learning_rate", 1e-3).param("checkpoint_every", 40);
  stage.param("batch", 8).param("group_size", 8);
  ASSERT_FALSE(stage.run().failure.has_value());
  const auto steps = lines_of(stage.output("rollouts") / "steps.jsonl");
  double before = 0;
  double after = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    before += steps[i].at("reward_mean").to_number<double>() / 5;
    after += steps[steps.size() - 1 - i].at("reward_mean").to_number<double>() / 5;
  }
  EXPECT_GT(after, before + 0.15);
}

TEST_F(RlStageTest, StopsAtACheckpointWhenAsked) {
  stage.stop_at_checkpoint(2);
  const auto stopped = stage.run();
  ASSERT_TRUE(stopped.failure.has_value());
  EXPECT_EQ(stopped.checkpoints, (std::vector<std::int64_t>{1, 2}));
  const auto rest = stage.run();
  EXPECT_FALSE(rest.failure.has_value());
  EXPECT_EQ(rest.checkpoints, (std::vector<std::int64_t>{3, 4}));
}

TEST_F(RlStageTest, SaysThatABatchIsTooSmallForTheTasks) {
  stage.param("batch", 1);
  const auto run = stage.run();
  ASSERT_TRUE(run.failure.has_value());
  EXPECT_NE(run.failure->message.find("batch"), std::string::npos) << run.failure->message;
}

TEST(RlStageWithoutReward, LeavesTheWeightsAlone) {
  StageHarness stage(rl_type("rl_stage"));
  write_tiny_policy(stage.folder(), false);
  set_small(stage, stage.folder());
  stage.param("weight_decay", 0.1);
  const auto run = stage.run();
  ASSERT_FALSE(run.failure.has_value()) << run.failure->message;
  for (const auto& step : lines_of(stage.output("rollouts") / "steps.jsonl"))
    EXPECT_EQ(step.at("update"), "no_signal");
  EXPECT_TRUE(same_weights(stage.folder() / "policy", stage.output("model")));
}

TEST(RlStageAboveTheBand, DropsNegativeSamples) {
  StageHarness stage(rl_type("rl_stage"));
  write_tiny_policy(stage.folder());
  set_small(stage, stage.folder());
  stage.param("aepo", true).param("aepo_low", 0.0).param("aepo_high", 0.001);
  ASSERT_FALSE(stage.run().failure.has_value());
  bool dropped = false;
  for (const auto& line : lines_of(stage.output("rollouts") / "rollouts.jsonl")) {
    EXPECT_EQ(line.at("dropped").as_bool(), line.at("advantage").to_number<double>() < 0);
    dropped = dropped || line.at("dropped").as_bool();
  }
  EXPECT_TRUE(dropped);
}

}  // namespace
}  // namespace cairn::testing
