#include "core/sdk/kinds/rollout_columns.h"
#include "core/sdk/kinds/rollout_tokens.h"
#include "core/sdk/runtime/checkpoint_folder.h"
#include "core/server/reading/rollouts/rollouts.h"
#include "tests/unit/trainer/tiny_policy.h"

namespace cairn::testing {
namespace {

using reading::RolloutSource;

json::object page_of(const Result<std::shared_ptr<RolloutSource>>& source) {
  return rollout_page((*source)->view().value(), {.limit = 1000}).value();
}

// Columns and token data gone, and the checkpoint knows nothing of them.
void leave_as_an_older_build(StageHarness& stage, std::int64_t step) {
  const fs::path old = stage.task().checkpoints() / std::to_string(step);
  const fs::path copy = stage.folder() / "checkpoint";
  fs::copy(old, copy, fs::copy_options::recursive);
  fs::remove(copy / "manifest.json");
  json::object state =
      parse_json_object(real_file_system().read(copy / "state.json").value()).value();
  auto& log = state.at("log").as_object();
  log.erase("columns");
  log.erase("tokens");
  ASSERT_TRUE(real_file_system().write_atomic(copy / "state.json", pretty_json(state)).ok());
  CheckpointFolder checkpoints(real_file_system(), stage.task().checkpoints());
  ASSERT_TRUE(checkpoints
                  .save(step,
                        [&](const fs::path& folder) -> Result<void> {
                          fs::copy(copy, folder, fs::copy_options::recursive);
                          return {};
                        })
                  .ok());
  for (const char* name : {"columns.segments", "tokens.segments", kRolloutSamples, kRolloutCourse})
    fs::remove_all(stage.task().work() / name);
}

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

TEST_F(RlStageTest, EveryTokenOfAResponseIsRecorded) {
  stage.param("clip_negative", "high_token").param("clip_share", 0.5);
  ASSERT_FALSE(stage.run().failure.has_value());
  const fs::path folder = stage.output("rollouts");
  EXPECT_TRUE(check_rollout_columns(folder).ok());
  const auto lines = lines_of(folder / kRolloutBodies);
  const auto rollouts = RolloutSource::open_artifact(folder).value()->view().value();
  bool masked = false;
  int compared = 0;
  for (std::uint64_t row = 0; row < lines.size(); ++row) {
    const auto body = rollout_body(rollouts, {.row = row}).value();
    const auto& shown = body.at("rollout").as_object();
    for (const auto& member : lines[row]) {
      if (member.key() == "id") continue;
      EXPECT_EQ(shown.at(member.key()), member.value()) << member.key();
    }
    EXPECT_EQ(shown.at("sample"), lines[row].at("id"));
    const auto& tokens = body.at("tokens").as_object();
    const std::size_t count = tokens.at("ids").as_array().size();
    ASSERT_EQ(count, lines[row].at("tokens").to_number<std::size_t>());
    std::string text;
    bool whole = true;
    double entropy = 0;
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_LE(tokens.at("logprob").at(i).to_number<double>(), 0.0);
      entropy += tokens.at("entropy").at(i).to_number<double>() / static_cast<double>(count);
      masked = masked || !tokens.at("counts").at(i).as_bool();
      const auto& piece = tokens.at("pieces").at(i);
      whole = whole && piece.is_string();  // else a byte of a code point that never ended
      if (whole && !tokens.at("special").at(i).as_bool()) text += piece.as_string();
    }
    if (whole) {
      EXPECT_EQ(text, shown.at("response").as_string());
    }
    compared += whole ? 1 : 0;
    EXPECT_NEAR(entropy, shown.at("entropy").to_number<double>(), 1e-4);
    EXPECT_EQ(shown.at("finish") == "length", shown.at("truncated").as_bool());
    EXPECT_EQ(body.at("sample").at("prompt_tokens"), shown.at("prompt_tokens"));
  }
  EXPECT_TRUE(masked);
  EXPECT_GT(compared, 32);
}

TEST_F(RlStageTest, ARolloutLeadsToItsSampleInTheDataset) {
  stage.param("steps", 1);
  ASSERT_FALSE(stage.run().failure.has_value());
  const auto dataset = lines_of(stage.folder() / "qa.jsonl");
  const auto samples = lines_of(stage.output("rollouts") / kRolloutSamples);
  ASSERT_EQ(samples.size(), dataset.size());
  for (const auto& sample : samples)
    EXPECT_EQ(dataset.at(sample.at("record").to_number<std::size_t>()).at("id"), sample.at("id"));
}

TEST_F(RlStageTest, WhatATaskShowsWhileItRunsIsWhatTheArtifactWillHold) {
  stage.kill_at_checkpoint(2);
  ASSERT_TRUE(stage.run().killed);
  const auto task = RolloutSource::open_task(stage.task().work());
  EXPECT_EQ(page_of(task).at("rollouts").as_array().size(), 32U);
  ASSERT_FALSE(stage.run().failure.has_value());
  const auto artifact = RolloutSource::open_artifact(stage.output("rollouts"));
  EXPECT_EQ(page_of(task), page_of(artifact));
  EXPECT_EQ(page_of(artifact).at("rollouts").as_array().size(), 64U);
  EXPECT_TRUE(page_of(artifact).at("notes").as_array().empty());
}

TEST_F(RlStageTest, TokensAreRecordedOfAsManyGroupsAsWasAsked) {
  stage.param("steps", 2).param("rollout_sample_tokens", 1);
  const auto recorded = [&] {
    const auto page = page_of(RolloutSource::open_artifact(stage.output("rollouts")));
    int count = 0;
    for (const auto& row : page.at("rollouts").as_array()) count += row.at("with_tokens").as_bool();
    return count;
  };
  const auto sample = stage.run();
  ASSERT_FALSE(sample.failure.has_value());
  EXPECT_EQ(recorded(), 2 * 4) << "one group of each step";
  stage.reset();
  stage.param("rollout_tokens", "none");
  const auto none = stage.run();
  EXPECT_EQ(recorded(), 0);
  EXPECT_EQ(fs::file_size(stage.output("rollouts") / kRolloutTokens), 0U);
  stage.reset();
  stage.param("rollout_tokens", "all");
  const auto all = stage.run();
  EXPECT_EQ(recorded(), 2 * 16);
  EXPECT_EQ(all.outputs.at("model"), none.outputs.at("model"));
  EXPECT_EQ(all.outputs.at("model"), sample.outputs.at("model"));
}

TEST_F(RlStageTest, GoesOnFromACheckpointOfABuildWithoutColumns) {
  stage.kill_at_checkpoint(2);
  ASSERT_TRUE(stage.run().killed);
  leave_as_an_older_build(stage, 2);
  const auto run = stage.run();
  ASSERT_FALSE(run.failure.has_value()) << run.failure->message;
  EXPECT_EQ(run.checkpoints, (std::vector<std::int64_t>{3, 4})) << "the checkpoint was refused";
  EXPECT_NE(run.log.find("without rollout columns"), std::string::npos);
  EXPECT_FALSE(fs::exists(stage.output("rollouts") / kRolloutColumns));
  const auto page = page_of(RolloutSource::open_artifact(stage.output("rollouts")));
  EXPECT_EQ(page.at("rollouts").as_array().size(), 64U);
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
