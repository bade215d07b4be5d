#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/sdk/testing/stage_harness.h"
#include "plugins/eval/direct.h"
#include "plugins/eval/likelihood.h"
#include "plugins/eval/summary.h"
#include "plugins/lib/model/optimizer.h"
#include "plugins/lib/self_test/inputs.h"
#include "plugins/report/evidence.h"

namespace cairn {
namespace {

using testing::HarnessRun;
using testing::StageHarness;

// Half of the answers are red, half green; documents of growing length.
std::vector<text::QaRecord> questions() {
  std::vector<text::QaRecord> records;
  for (int i = 0; i < 10; ++i) {
    text::QaRecord record;
    record.id = "q" + std::to_string(i);
    record.task = i < 5 ? "multihop" : "reading";
    record.question = "Which colour has item " + std::to_string(i) + "?";
    record.answer = {i % 2 == 0 ? "red" : "green"};
    std::string text;
    for (int line = 0; line <= 10 - i; ++line) text += "item " + std::to_string(line) + " grey\n";
    record.documents = {{"d" + std::to_string(i), "items", text, true}};
    records.push_back(record);
  }
  return records;
}

// A policy that says "The answer is red" whatever it is asked.
void write_policy(const fs::path& folder, const std::vector<text::QaRecord>& records) {
  const auto tokenizer = self_test::write_tokenizer(folder / "words", records).value();
  auto policy = model::CausalLm::init(self_test::small_config(tokenizer), 3).value();
  std::vector<model::TokenGroup> groups;
  for (const auto& record : records)
    groups.push_back({tokenizer.encode_prompt(text::render_prompt(record)).value(),
                      {tokenizer.encode("The answer is red<|im_end|>")}});
  const auto batch = model::pack_groups(groups);
  model::AdamW optimizer({});
  policy.require_grad(true);
  for (int step = 0; step < 40; ++step) {
    policy.zero_grad();
    (-policy.score(batch).value().logprob.mean()).backward();
    optimizer.step(policy, 0.02);
  }
  policy.require_grad(false);
  ASSERT_TRUE(
      model::save_model(policy, folder / "policy", model::Dtype::kF32, folder / "words").ok());
}

json::object summary_of(const StageHarness& stage) {
  return parse_json_object(real_file_system().read(stage.output("summary")).value()).value();
}

struct EvalTest : ::testing::Test {
  EvalTest() : stage(testing::stage_of(fs::path(CAIRN_BINARY_DIR) / "plugins/eval.so", "eval")) {
    const auto records = questions();
    write_policy(stage.folder(), records);
    EXPECT_TRUE(text::write_qa(stage.folder() / "qa.jsonl", records).ok());
    stage.input("policy", stage.folder() / "policy").input("dataset", stage.folder() / "qa.jsonl");
    stage.param("max_output_tokens", 12).param("batch", 4).seed(7).resources({2, 0, 0});
  }
  StageHarness stage;
};

TEST_F(EvalTest, ResumesExactly) {
  stage.param("temperature", 1.0).param("samples", 3);
  EXPECT_EQ(stage.check_resume(), "");
}

TEST_F(EvalTest, GradesEveryItemAndReportsReadIt) {
  stage.param("name", "warm-up");
  const HarnessRun run = stage.run();
  ASSERT_FALSE(run.failure) << run.failure->message;
  const auto text = real_file_system().read(stage.output("summary")).value();
  const auto read = report::evaluation_from_text(text);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(read->name, "warm-up");
  EXPECT_EQ(read->average.n, 10);
  EXPECT_DOUBLE_EQ(read->average.mean, 0.5);
  EXPECT_LT(read->average.low, 0.5);
  EXPECT_GT(read->average.high, 0.5);
  EXPECT_DOUBLE_EQ(read->tasks.at("multihop").mean, 0.6);
  EXPECT_DOUBLE_EQ(read->tasks.at("reading").mean, 0.4);
  EXPECT_DOUBLE_EQ(read->well_formed, 1.0);
  EXPECT_EQ(read->abstentions, 0);
  // Sure of "red", not of "green".
  EXPECT_GT(summary_of(stage).at("loss").as_double(), 0.2);
}

TEST_F(EvalTest, CountsWhatIsTooLongAsWrong) {
  stage.param("max_input_tokens", 80);
  const HarnessRun run = stage.run();
  ASSERT_FALSE(run.failure) << run.failure->message;
  const auto summary = summary_of(stage);
  const auto too_long = summary.at("too_long").as_int64();
  EXPECT_GT(too_long, 0);
  EXPECT_LT(too_long, 10);
  EXPECT_EQ(summary.at("n").as_int64(), 10);
  EXPECT_LT(summary.at("average").as_double(), 0.5);

  stage.reset();
  stage.param("over_limit", "truncate");
  ASSERT_FALSE(stage.run().failure);
  EXPECT_EQ(summary_of(stage).at("too_long").as_int64(), 0);
}

TEST_F(EvalTest, RefusesManySamplesOfOneGreedyAnswer) {
  stage.param("samples", 2);
  const HarnessRun run = stage.run();
  ASSERT_TRUE(run.failure.has_value());
  EXPECT_NE(run.failure->message.find("temperature"), std::string::npos);
}

struct PredictionsTest : ::testing::Test {
  PredictionsTest()
      : stage(testing::stage_of(fs::path(CAIRN_BINARY_DIR) / "plugins/eval.so", "eval")) {
    EXPECT_TRUE(text::write_qa(stage.folder() / "qa.jsonl", questions()).ok());
    stage.input("dataset", stage.folder() / "qa.jsonl");
  }
  void predict(const std::string& lines) {
    EXPECT_TRUE(real_file_system().write_atomic(file(), lines).ok());
  }
  fs::path file() const { return stage.folder() / "predictions.jsonl"; }
  std::string failure() {
    const HarnessRun run = stage.run();
    return run.failure ? run.failure->message : "";
  }
  static std::string line(int item, const std::string& response) {
    return json::serialize(
               json::object{{"id", "q" + std::to_string(item)}, {"response", response}}) +
           "\n";
  }
  StageHarness stage;
};

TEST_F(PredictionsTest, AreGradedLikeOurOwn) {
  std::string lines;
  for (int sample = 0; sample < 2; ++sample)
    for (int i = 9; i >= 0; --i)
      lines += line(i, i == 4 && sample == 1 ? "" : "So the answer is red.");
  predict(lines);
  stage.input("predictions", file());
  ASSERT_EQ(failure(), "");
  const auto summary = summary_of(stage);
  EXPECT_DOUBLE_EQ(summary.at("average").as_double(), 0.45);
  EXPECT_EQ(summary.at("mode").as_string(), "predictions");
  EXPECT_EQ(summary.at("samples").as_int64(), 2);
  EXPECT_TRUE(summary.at("tokens_mean").is_null());
  EXPECT_TRUE(
      report::evaluation_from_text(real_file_system().read(stage.output("summary")).value()).ok());
}

TEST_F(PredictionsTest, MustBeOfEveryItemAndNoOther) {
  EXPECT_THAT(failure(), ::testing::HasSubstr("neither a policy nor predictions"));
  stage.input("predictions", file());
  std::string all;
  for (int i = 0; i < 10; ++i) all += line(i, "red");
  for (const auto& [lines, part] : std::vector<std::pair<std::string, std::string>>{
           {all + line(10, "red"), "'q10'"},
           {all + line(3, "green"), "2 responses to 'q3', but 1 to 'q0'"},
           {all.substr(all.find('\n') + 1), "0 responses to 'q0'"},
           {"{\"id\": 3}\n", "predictions.jsonl:1"},
           {"", "0 responses to 'q0'"}}) {
    stage.reset();
    predict(lines);
    EXPECT_THAT(failure(), ::testing::HasSubstr(part));
  }
}

TEST_F(EvalTest, LikelihoodIsThatOfTheLogits) {
  const auto policy = model::CausalLm::load(stage.folder() / "policy").value();
  const std::vector<model::TokenGroup> groups = {{{5, 6, 7}, {{8, 9}}}, {{4}, {{3, 2, 1}}}};
  const auto sums = eval::reference_nll(policy, groups, 1).value();
  ASSERT_EQ(sums.size(), 2U);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    auto tokens = groups[g].prompt;
    const auto first = tokens.size();
    tokens.insert(tokens.end(), groups[g].responses[0].begin(), groups[g].responses[0].end());
    const model::TokenSequence whole{tokens, static_cast<std::int64_t>(first)};
    at::NoGradGuard no_grad;
    const auto logits = policy.logits(model::pack_sequences(std::span(&whole, 1)));
    const auto logprob = at::log_softmax(logits, -1);
    double expected = 0;
    for (std::size_t i = first; i < tokens.size(); ++i)
      expected -= logprob[static_cast<std::int64_t>(i) - 1][tokens[i]].item<double>();
    EXPECT_NEAR(sums[g], expected, 1e-4);
  }
}

TEST(Summary, KeepsAnItemWithoutReferenceAndHasNoLossThen) {
  text::QaRecord record;
  record.id = "a";
  record.task = "reading";
  const auto item = eval::grade_item(record, {{"The answer is 4", 3, false}}, false);
  EXPECT_TRUE(item.abstained);
  const auto summary = eval::summarise({"x", "direct", 1, 0}, {item});
  EXPECT_EQ(summary.at("abstentions").as_int64(), 1);
  EXPECT_EQ(summary.at("n").as_uint64(), 1U);
  EXPECT_TRUE(summary.at("loss").is_null());
}

TEST(Truncation, KeepsBothEnds) {
  EXPECT_EQ(eval::without_middle({1, 2, 3, 4, 5, 6}, 5), (std::vector<std::int64_t>{1, 2, 5, 6}));
  EXPECT_EQ(eval::without_middle({1, 2}, 5), (std::vector<std::int64_t>{1, 2}));
}

}  // namespace
}  // namespace cairn
