#include <limits>

#include "core/base/text.h"
#include "tests/unit/rollouts/rollouts_test.h"

namespace cairn::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

struct RolloutBodyTest : RolloutsTest {};

TEST_F(RolloutBodyTest, AGroupStandsSideBySide) {
  auto all = some_steps(3);
  std::swap(all[4].index, all[5].index);
  write(all);
  const auto answer = need(rollout_group(view(), 2, "multihop-1"));
  EXPECT_EQ(answer.at("step"), 2);
  EXPECT_EQ(answer.at("sample").at("id"), "multihop-1");
  EXPECT_EQ(answer.at("more"), false);
  ASSERT_THAT(answer.at("rollouts").as_array(), SizeIs(2));
  EXPECT_EQ(answer.at("rollouts").at(0).at("index"), 0);
  EXPECT_EQ(answer.at("rollouts").at(0).at("response"), "Step 2, number 1");
  EXPECT_EQ(answer.at("rollouts").at(1).at("response"), "Step 2, number 0");
  EXPECT_EQ(answer.at("rollouts").at(0).at("finish"), "stop");
  EXPECT_THAT(problem(rollout_group(view(), 2, "multihop-2")), HasSubstr("no rollout of sample"));
  EXPECT_THAT(problem(rollout_group(view(), 9, "multihop-1")), HasSubstr("no rollout of sample"));
}

TEST_F(RolloutBodyTest, LongTextsAreCutAtCodePointsAndSayHowLongTheyAre) {
  MadeRollout made;
  made.response = "aé" + std::string(100, 'x');
  made.turns = {json::object{{"chunk", 1}, {"memory", std::string(50, 'm')}, {"plan", "p"}}};
  write({made});
  const auto answer = need(rollout_group(view(), 1, "dialogue-1", 2));
  const auto& rollout = answer.at("rollouts").at(0);
  EXPECT_EQ(rollout.at("response"), "a");
  EXPECT_EQ(rollout.at("cut").at("response"), 103);
  EXPECT_EQ(rollout.at("turns").at(0).at("memory"), "mm");
  EXPECT_EQ(rollout.at("turns").at(0).at("cut").at("memory"), 50);
  EXPECT_FALSE(rollout.at("turns").at(0).at("cut").as_object().contains("plan"));
}

TEST_F(RolloutBodyTest, TokensArePagedAndBytesSurvive) {
  MadeRollout made;
  // A snowman in two pieces, a control character, and the end token.
  made.token_data =
      made_tokens({"The", " \xE2\x98", "\x83", std::string("\0\x1b[2J", 5), "<|end|>"});
  made.token_data->marks = {RolloutTokens::kCounts, 0, RolloutTokens::kCounts, 0,
                            RolloutTokens::kSpecial};
  made.token_data->logprobs[3] = -std::numeric_limits<double>::infinity();
  made.response = "The ☃";
  write({made});
  auto answer = need(rollout_body(view(), {}));
  const auto& tokens = answer.at("tokens").as_object();
  EXPECT_EQ(tokens.at("total"), 5);
  EXPECT_EQ(json::serialize(tokens.at("ids")), "[100,101,102,103,104]");
  EXPECT_EQ(tokens.at("pieces").at(0), "The");
  EXPECT_EQ(tokens.at("pieces").at(1).at("hex"), "20e298");
  EXPECT_EQ(tokens.at("pieces").at(2).at("hex"), "83");
  EXPECT_EQ(tokens.at("pieces").at(3).as_string(), std::string("\0\x1b[2J", 5));
  EXPECT_EQ(tokens.at("logprob").at(1), -1.5);
  EXPECT_TRUE(tokens.at("logprob").at(3).is_null());
  EXPECT_EQ(tokens.at("entropy").at(4), 0.5);
  EXPECT_TRUE(tokens.at("reference").is_null());
  EXPECT_EQ(json::serialize(tokens.at("counts")), "[true,false,true,false,false]");
  EXPECT_EQ(json::serialize(tokens.at("special")), "[false,false,false,false,true]");
  answer = need(rollout_body(view(), {.token_from = 3, .token_limit = 1}));
  EXPECT_EQ(answer.at("tokens").at("from"), 3);
  EXPECT_EQ(json::serialize(answer.at("tokens").at("ids")), "[103]");
  answer = need(rollout_body(view(), {.token_from = 99}));
  EXPECT_THAT(answer.at("tokens").at("ids").as_array(), SizeIs(0));
  EXPECT_THAT(problem(rollout_body(view(), {.token_limit = 100'001})), HasSubstr("100000"));
}

TEST_F(RolloutBodyTest, ATokenIsFoundByAByteOfTheAnsweringTurn) {
  MadeRollout made;
  made.response = "Red.";
  made.token_data = made_tokens({"Memory", ": red", "Re", "d", ".", "<|end|>"}, {2, 4});
  made.token_data->marks.back() = RolloutTokens::kSpecial;
  write({made});
  const auto from = [&](std::size_t byte) {
    const auto answer = need(rollout_body(view(), {.token_at_byte = byte}));
    EXPECT_EQ(answer.at("tokens").at("response_token"), 2);
    return answer.at("tokens").at("from").to_number<int>();
  };
  EXPECT_EQ(from(0), 2);
  EXPECT_EQ(from(1), 2);
  EXPECT_EQ(from(2), 3);
  EXPECT_EQ(from(3), 4);
  EXPECT_EQ(from(99), 6);
}

TEST_F(RolloutBodyTest, ResponsesOfTenMegabytesArePagedByBytes) {
  MadeRollout made;
  for (int i = 0; i < 1'250'000; ++i) made.response += "\"é\n\\\x7f\x01";
  write({made});
  auto answer = need(rollout_body(view(), {}));
  EXPECT_EQ(answer.at("response_bytes"), made.response.size());
  EXPECT_LE(answer.at("rollout").at("response").as_string().size(), std::size_t{1} << 20);
  answer = need(rollout_body(view(), {.text_from = made.response.size() - 5, .most_text = 100}));
  // Moved from within the é to where it begins.
  EXPECT_EQ(answer.at("response_from"), made.response.size() - 6);
  EXPECT_EQ(answer.at("rollout").at("response"), "é\n\\\x7f\x01");
  const auto page = need(rollout_page(view(), {}));
  EXPECT_LE(page.at("rollouts").at(0).at("preview").as_string().size(), 240U);
}

TEST_F(RolloutBodyTest, MembersThatATrainingAddsAreShown) {
  RolloutFiles files(folder_, "");
  files.add_line(R"({"step":1,"id":"dialogue-1","response":"x","reward":9,"votes":[{"yes":3}]})",
                 {});
  files.flush();
  const auto answer = need(rollout_body(view(), {}));
  EXPECT_EQ(answer.at("rollout").at("votes").at(0).at("yes"), 3);
  EXPECT_EQ(answer.at("rollout").at("reward"), 0.0) << "the row has the last word";
  EXPECT_TRUE(answer.at("tokens").is_null());
  EXPECT_THAT(problem(rollout_body(view(), {.row = 1})), HasSubstr("no rollout 1"));
}

TEST_F(RolloutBodyTest, DamagedTokenDataIsAnErrorThatNamesTheRollout) {
  MadeRollout made;
  made.token_data = made_tokens({"a", "b"});
  write({made, made});
  std::fstream file(folder_ / kRolloutTokens, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(40);
  file.put('!');
  file.close();
  EXPECT_THAT(problem(rollout_body(view(), {.row = 0})),
              ::testing::AllOf(HasSubstr("rollout 0"), HasSubstr("checksum")));
  EXPECT_EQ(problem(rollout_body(view(), {.row = 1})), "no error");
}

TEST_F(RolloutBodyTest, ARolloutsSampleIsFoundInTheDataset) {
  const fs::path qa = folder_ / "qa.jsonl";
  std::ofstream(qa) << "{\"id\":\"a\",\"question\":\"like b?\"}\n\n"
                    << "{\"id\":\"c\\u00e9\",\"documents\":[{\"text\":\"" << std::string(99, 'x')
                    << "\"}]}\nnonsense\n{\"id\":\"b\"}";
  using reading::dataset_record;
  EXPECT_EQ(need(dataset_record(qa, "a", 0)).at("question"), "like b?");
  const auto cut = need(dataset_record(qa, "cé", 1, 10));
  EXPECT_EQ(cut.at("documents").at(0).at("text"), "xxxxxxxxxx");
  EXPECT_EQ(cut.at("documents").at(0).at("cut").at("text"), 99);
  EXPECT_EQ(need(dataset_record(qa, "cé", {})).at("id"), "cé");
  EXPECT_EQ(need(dataset_record(qa, "b", {})).at("id"), "b");
  EXPECT_THAT(problem(dataset_record(qa, "a", 1)), HasSubstr("record 1 of the dataset is not 'a'"));
  EXPECT_THAT(problem(dataset_record(qa, "x", 2)), HasSubstr("qa.jsonl:4"));
  EXPECT_THAT(problem(dataset_record(qa, "x", 9)), HasSubstr("no sample 'x'"));
  EXPECT_THAT(problem(dataset_record(qa, "x", {})), HasSubstr("no sample 'x'"));
}

}  // namespace
}  // namespace cairn::testing
