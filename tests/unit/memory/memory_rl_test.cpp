#include <algorithm>

#include "core/server/reading/rollouts/rollouts.h"
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

TEST_F(MemoryRlTest, TurnsAreRecordedAsTheAgentTookThem) {
  stage.param("steps", 1).param("memory_tokens", 3);
  ASSERT_FALSE(stage.run().failure.has_value());
  const auto lines = lines_of(stage.output("rollouts") / "rollouts.jsonl");
  const auto rollouts =
      reading::RolloutSource::open_artifact(stage.output("rollouts")).value()->view();
  const auto tokenizer = model::Tokenizer::load(stage.output("model")).value();
  bool cut = false;
  for (std::uint64_t row = 0; row < lines.size(); ++row) {
    const auto& turns = lines[row].at("turns").as_array();
    ASSERT_EQ(turns.size(), 2U) << "one chunk, and the answer";
    const auto& reading = turns[0].as_object();
    EXPECT_EQ(reading.at("chunk"), 1);
    EXPECT_EQ(reading.at("documents").at(0), "d");
    EXPECT_EQ(reading.at("given").at("memory"), "nothing yet");
    EXPECT_EQ(reading.at("given").at("plan"), "search");
    const std::string memory(reading.at("memory").as_string());
    EXPECT_LE(tokenizer.encode(memory).size(), 3U);
    cut = cut || reading.at("memory_cut").as_bool();
    EXPECT_FALSE(turns[1].as_object().contains("chunk"));

    const auto body = rollout_body(*rollouts, {.row = row}).value();
    EXPECT_EQ(body.at("rollout").at("turns"), lines[row].at("turns"));
    const auto& tokens = body.at("tokens").as_object();
    EXPECT_EQ(tokens.at("turns").at(0), reading.at("tokens"));
    EXPECT_EQ(tokens.at("response_token"), reading.at("tokens"));
    std::string answer;
    for (std::size_t i = tokens.at("response_token").to_number<std::size_t>();
         i < tokens.at("pieces").as_array().size(); ++i)
      if (!tokens.at("special").at(i).as_bool()) answer += tokens.at("pieces").at(i).as_string();
    EXPECT_EQ(answer, lines[row].at("response").as_string());
  }
  EXPECT_TRUE(cut);
}

}  // namespace
}  // namespace cairn::testing
