#include "plugins/lib/trainer/rollout_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/lib/trainer/params.h"

namespace cairn::trainer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Item item() {
  Item item;
  item.record.id = "q1";
  item.record.task = "reading";
  return item;
}

Trajectory answered(const std::string& response) {
  Trajectory trajectory;
  trajectory.response = response;
  trajectory.turns.push_back(
      {.prompt = {1, 2, 3}, .tokens = {4, 5}, .entropies = {0.5, 1.5}, .logprobs = {-1, -2}});
  return trajectory;
}

TEST(RolloutLine, SaysHowItEndedAndWhatWasGraded) {
  Trajectory trajectory = answered("Well. The answer is  Paris ");
  json::object line = rollout_line(trajectory, item(), {3, 1, 0.5, -0.25, true}, false);
  EXPECT_EQ(json::serialize(line),
            R"({"step":3,"id":"q1","task":"reading","index":1,"reward":5E-1,"advantage":-2.5E-1,)"
            R"("entropy":1E0,"tokens":2,"dropped":true,"prompt_tokens":3,"finish":"stop",)"
            R"("truncated":false,"answer":"Paris","response":"Well. The answer is  Paris "})");
  trajectory.turns.back().cut = true;
  trajectory.overlong = true;
  line = rollout_line(trajectory, item(), {}, false);
  EXPECT_EQ(line.at("finish"), "length");
  EXPECT_EQ(line.at("truncated"), true);
  EXPECT_TRUE(rollout_line(answered("Paris"), item(), {}, false).at("answer").is_null());
  // A thought that never ends has no answer.
  EXPECT_TRUE(rollout_line(trajectory, item(), {}, true).at("answer").is_null());
}

TEST(RolloutLine, ALongAnswerIsCutAtACodePoint) {
  std::string answer(511, 'x');
  const auto line = rollout_line(answered("The answer is " + answer + "é"), item(), {}, false);
  EXPECT_EQ(line.at("answer").as_string(), answer);
}

TEST(RolloutLine, WithoutTokensThereIsNoEntropy) {
  Trajectory trajectory;
  const auto line = rollout_line(trajectory, item(), {}, false);
  EXPECT_TRUE(line.at("entropy").is_null());
  EXPECT_EQ(line.at("tokens"), 0);
  EXPECT_FALSE(line.contains("turns"));
}

TEST(RolloutLine, GivesTheTurnsOfAReader) {
  Trajectory trajectory = answered("The answer is 7");
  Reading first{{"d1", "d2"}, "nothing yet", "search", "seen one", "search", false};
  Reading second{{"d3"}, "seen one", "search", "seen two", "answer", true};
  Reading third{{}, "other", "answer", "x", "", false};
  Turn answer = trajectory.turns.back();
  trajectory.turns.clear();
  for (const auto& reading : {first, second, third}) {
    trajectory.turns.push_back({.prompt = {1}, .tokens = {2}, .entropies = {0}, .logprobs = {0}});
    trajectory.turns.back().reading = reading;
  }
  trajectory.turns[1].cut = true;
  trajectory.turns.push_back(answer);
  const auto line = rollout_line(trajectory, item(), {}, false);
  EXPECT_EQ(line.at("prompt_tokens"), 6);
  EXPECT_EQ(line.at("tokens"), 5);
  EXPECT_EQ(
      json::serialize(line.at("turns")),
      R"([{"chunk":1,"documents":["d1","d2"],"given":{"memory":"nothing yet","plan":"search"},)"
      R"("memory":"seen one","plan":"search","memory_cut":false,"prompt_tokens":1,"tokens":1,)"
      R"("finish":"stop"},)"
      R"({"chunk":2,"documents":["d3"],"memory":"seen two","plan":"answer","memory_cut":true,)"
      R"("prompt_tokens":1,"tokens":1,"finish":"length"},)"
      R"({"chunk":3,"documents":[],"given":{"memory":"other","plan":"answer"},"memory":"x",)"
      R"("plan":"","memory_cut":false,"prompt_tokens":1,"tokens":1,"finish":"stop"},)"
      R"({"prompt_tokens":3,"tokens":2,"finish":"stop"}])");
}

TEST(RolloutTokenData, PiecesAreTheBytesOfTheTokenizer) {
  const auto json = model::train_tokenizer({"snow man snow man"}, 262).value();
  const auto tokenizer = model::Tokenizer::from_json(json).value();
  Trajectory trajectory;
  auto& turn = trajectory.turns.emplace_back();
  turn.tokens = tokenizer.encode("snow ☃");
  // Half of a snowman, then the end: a response is cut wherever the limit falls.
  turn.tokens.pop_back();
  turn.tokens.push_back(tokenizer.find(model::kImEnd).value());
  std::vector<std::uint8_t> mask;
  for (std::size_t i = 0; i < turn.tokens.size(); ++i) {
    turn.logprobs.push_back(-static_cast<double>(i));
    turn.entropies.push_back(static_cast<double>(i));
    mask.push_back(i == 1 ? 0 : 1);
  }
  const RolloutTokens data = token_data(trajectory, mask, tokenizer);
  EXPECT_EQ(data.text, std::string("snow \xE2\x98") + model::kImEnd);
  EXPECT_THAT(data.turns, ElementsAre(turn.tokens.size()));
  EXPECT_EQ(data.logprobs, turn.logprobs);
  EXPECT_EQ(data.entropies, turn.entropies);
  EXPECT_EQ(data.marks[0], RolloutTokens::kCounts);
  EXPECT_EQ(data.marks[1], 0);
  EXPECT_EQ(data.marks.back(), RolloutTokens::kCounts | RolloutTokens::kSpecial);
  EXPECT_TRUE(encode_rollout_tokens(data).ok());
}

TEST(RecordedGroups, AllNoneOrTheFirstOnesThatFit) {
  const auto recorded = [](const std::vector<std::size_t>& tokens, TokenRecords records,
                           std::int64_t budget) {
    return recorded_groups(tokens, records, budget);
  };
  EXPECT_THAT(recorded({5, 5}, TokenRecords::kAll, 1), ElementsAre(true, true));
  EXPECT_THAT(recorded({5, 5}, TokenRecords::kNone, 99), ElementsAre(false, false));
  EXPECT_THAT(recorded({5, 5, 1}, TokenRecords::kSample, 10), ElementsAre(true, true, false));
  EXPECT_THAT(recorded({5, 9, 1}, TokenRecords::kSample, 10), ElementsAre(true, false, false));
  EXPECT_THAT(recorded({50, 1}, TokenRecords::kSample, 10), ElementsAre(true, false));
  EXPECT_THAT(recorded({}, TokenRecords::kSample, 10), IsEmpty());
}

}  // namespace
}  // namespace cairn::trainer
