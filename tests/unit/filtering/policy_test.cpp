// The stage with a policy whose answers are known (reader_model.h).
#include <gtest/gtest.h>

#include <map>

#include "core/sdk/testing/stage_harness.h"
#include "plugins/lib/text/records.h"
#include "tests/unit/filtering/reader_model.h"

namespace cairn {
namespace {

using testing::HarnessRun;
using testing::StageHarness;

// One document with a word that the policy looks for.
text::QaRecord ask(const std::string& id, const std::string& word, const std::string& answer) {
  text::QaRecord record;
  record.id = id;
  record.task = "reading";
  record.domain = "general";
  record.question = "How many are in the record " + id + "?";
  record.answer = {answer};
  record.documents = {{"doc-" + id, id, "Name: " + id + "\nMark: " + word + "\n", true}};
  return record;
}

struct PolicyTest : ::testing::Test {
  PolicyTest()
      : stage(testing::stage_of(fs::path(CAIRN_BINARY_DIR) / "plugins" / "filtering.so",
                                "filtering")) {
    testing::write_reader(stage.folder() / "model");
    stage.input("policy", stage.folder() / "model").resources({2, 0, 0});
    for (const auto& [name, value] : {std::pair{"temperature", 1.0}, {"top_p", 1.0}}) {
      stage.param(name, value);
    }
    stage.param("max_output_tokens", 8).param("robustness_documents", 0);
    for (int i = 0; i < 12; ++i) {
      const std::string n = std::to_string(i);
      records.push_back(ask("read" + n, "right", "seven"));
      records.push_back(ask("maybe" + n, "half", "seven"));
      records.push_back(ask("never" + n, "wrong", "seven"));
      records.push_back(ask("known" + n, "right", "eight"));
    }
  }

  fs::path write(const std::string& name, const std::vector<text::QaRecord>& some) {
    const fs::path path = stage.folder() / name;
    EXPECT_TRUE(text::write_qa(path, some).ok());
    return path;
  }
  HarnessRun run() {
    if (!std::exchange(given, true)) stage.input("qa", write("qa.jsonl", records));
    HarnessRun run = stage.run();
    EXPECT_FALSE(run.failure.has_value()) << run.failure->message;
    return run;
  }
  std::vector<text::QaRecord> kept() { return text::read_qa(stage.output("qa")).value(); }
  json::object report() {
    return parse_json_object(real_file_system().read(stage.output("report")).value()).value();
  }
  // "read" -> why its records went, with the count.
  std::map<std::string, int> reasons_of(const std::string& kind) {
    std::map<std::string, int> reasons;
    const json::object all = report();
    for (const auto& drop : all.at("dropped").as_array()) {
      if (std::string(drop.at("id").as_string()).starts_with(kind)) {
        ++reasons[std::string(drop.at("reason").as_string())];
      }
    }
    return reasons;
  }

  StageHarness stage;
  std::vector<text::QaRecord> records;
  bool given = false;
};

using Reasons = std::map<std::string, int>;

TEST_F(PolicyTest, DropsWhatIsKnownTooEasyAndTooHard) {
  stage.param("samples", 16);
  run();
  EXPECT_EQ(reasons_of("known"), (Reasons{{"answered without documents", 12}}));
  EXPECT_EQ(reasons_of("never"), (Reasons{{"too hard", 12}}));
  EXPECT_EQ(reasons_of("read"), (Reasons{{"too easy", 12}}));
  EXPECT_EQ(reasons_of("maybe"), Reasons{});
  double sum = 0;
  for (const auto& record : kept()) sum += record.pass_rate.value();
  EXPECT_NEAR(sum / 12, 0.5, 0.11);  // three deviations of 192 fair coins
  const json::object account = report();
  const auto& reading = account.at("pass_rate").at("reading").as_object();
  EXPECT_EQ(reading.at("n").to_number<int>(), 36);
  EXPECT_NEAR(reading.at("mean").to_number<double>(), 0.5, 0.04);
  EXPECT_GE(reading.at("bins").as_array().at(0).to_number<int>(), 12);
  EXPECT_GE(reading.at("bins").as_array().at(4).to_number<int>(), 12);
}

TEST_F(PolicyTest, WritesPassAtKOfMoreSamples) {
  stage.param("samples", 8).param("pass_k", 4).param("keep_between", json::array{0.5, 1});
  run();
  double sum = 0;
  for (const auto& record : kept()) sum += record.pass_rate.value();
  EXPECT_EQ(kept().size(), 24U);
  EXPECT_NEAR(sum, 12 + 12 * (1 - 1.0 / 16), 0.8);  // half of them are coins thrown four times
  EXPECT_EQ(reasons_of("never"), (Reasons{{"too hard", 12}}));
}

TEST_F(PolicyTest, DropsWhatIrrelevantDocumentsHide) {
  std::vector<text::QaRecord> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(ask("other" + std::to_string(i), "noise", "seven"));
    others.push_back(ask("safe" + std::to_string(i), "right", "seven"));
  }
  for (auto& record : others) record.domain = "professional";
  stage.input("qa", write("others.jsonl", others));
  stage.param("robustness_documents", 4).param("keep_between", json::array{0.01, 1});
  run();
  EXPECT_EQ(reasons_of("read"), (Reasons{{"lost among irrelevant documents", 12}}));
  EXPECT_EQ(reasons_of("safe"), Reasons{});
  EXPECT_EQ(reasons_of("other"), (Reasons{{"too hard", 3}}));
}

TEST_F(PolicyTest, TakesTheHardestInRetrospect) {
  stage.param("retrospective", true).param("items_per_task", 15);
  stage.param("keep_between", json::array{0.01, 1});
  run();
  EXPECT_EQ(reasons_of("maybe"), Reasons{});
  EXPECT_EQ(kept().size(), 15U);
}

TEST_F(PolicyTest, AsksAboutNoMoreThanItMay) {
  stage.param("max_scored", 20).param("max_input_tokens", 400).param("grounding_samples", 0);
  stage.param("keep_between", json::array{0, 1});
  records[0].documents[0].text += std::string(900, 'x');
  run();
  EXPECT_EQ(kept().size(), 20U);
  EXPECT_EQ(reasons_of("read0"), (Reasons{{"prompt over max_input_tokens", 1}}));
}

TEST_F(PolicyTest, PassesTheEvaluationOnAndKeepsClearOfIt) {
  auto evaluated = ask("evaluated", "right", "seven");
  evaluated.documents[0].id = "doc-maybe0";
  stage.input("evaluation", write("evaluation.jsonl", {evaluated}));
  run();
  EXPECT_EQ(reasons_of("maybe0"), (Reasons{{"evaluated document", 1}}));
  const auto heldout = text::read_qa(stage.output("heldout")).value();
  ASSERT_EQ(heldout.size(), 1U);
  EXPECT_EQ(heldout[0].id, "evaluated");
}

TEST_F(PolicyTest, GivesTheSameBytesInBatchesOfAnySize) {
  const auto once = run().outputs;
  stage.reset();
  stage.param("batch_tokens", 1);
  EXPECT_EQ(run().outputs, once);
}

TEST_F(PolicyTest, AsksNothingTwice) {
  stage.param("grounding_samples", 0).param("keep_between", json::array{0, 1});
  const auto once = run().outputs;
  fs::remove_all(stage.folder() / "model");
  testing::write_reader(stage.folder() / "model", true);
  EXPECT_EQ(run().outputs, once);  // remembered, though this model would answer otherwise
  stage.reset();
  EXPECT_NE(run().outputs, once);
}

TEST_F(PolicyTest, StopsWhenAskedTo) {
  stage.input("qa", write("qa.jsonl", records)).stop_at_checkpoint(0);
  const HarnessRun stopped = stage.run();
  ASSERT_TRUE(stopped.failure.has_value());
  EXPECT_EQ(stopped.failure->cause, "cancelled");
}

}  // namespace
}  // namespace cairn
