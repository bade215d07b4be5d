#include <gtest/gtest.h>

#include "core/sdk/testing/stage_harness.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/tokenizer.h"
#include "plugins/lib/text/records.h"

namespace cairn {
namespace {

using testing::HarnessRun;
using testing::StageHarness;

fs::path library(const char* name) {
  return fs::path(CAIRN_BINARY_DIR) / "plugins" / (std::string(name) + ".so");
}

// Lookups in records of two lines; the answer stands in the prompt.
std::vector<text::QaRecord> lookups(int count) {
  const std::vector<std::string> values = {"red", "green", "blue", "grey"};
  std::vector<text::QaRecord> records;
  for (int i = 0; i < count; ++i) {
    text::QaRecord record;
    record.id = "q" + std::to_string(i);
    record.task = "reading";
    record.question = "Which colour has item " + std::to_string(i % 7) + "?";
    record.answer = {values[static_cast<std::size_t>(i * 5 % 4)]};
    record.documents = {
        {"d", "items", "item " + std::to_string(i % 7) + " " + record.answer[0], true}};
    records.push_back(record);
  }
  return records;
}

struct SftTest : ::testing::Test {
  SftTest()
      : tokenizer(testing::stage_of(library("tokenizer"), "tokenizer")),
        sft(testing::stage_of(library("sft"), "sft")) {
    const fs::path documents = tokenizer.folder() / "documents.jsonl";
    const fs::path qa = tokenizer.folder() / "qa.jsonl";
    text::Document document;
    document.id = "d";
    document.text = "item 1 red\nitem 2 green\nWhich colour has item 3? The answer is blue";
    EXPECT_TRUE(text::write_documents(documents, {document}).ok());
    EXPECT_TRUE(text::write_qa(qa, lookups(60)).ok());
    tokenizer.param("vocab_size", 300).input("documents", documents).input("dataset", qa);
    const HarnessRun made = tokenizer.run();
    EXPECT_FALSE(made.failure.has_value()) << (made.failure ? made.failure->message : "");
    sft.input("dataset", qa).input("tokenizer", tokenizer.output("tokenizer"));
    for (const auto& [name, value] : {std::pair{"hidden", 32},
                                      {"layers", 2},
                                      {"heads", 2},
                                      {"kv_heads", 1},
                                      {"head_dim", 16},
                                      {"intermediate", 48},
                                      {"steps", 10},
                                      {"batch", 8},
                                      {"checkpoint_every", 3},
                                      {"heldout_every", 4},
                                      {"warmup", 2}}) {
      sft.param(name, value);
    }
    sft.param("heldout_fraction", 0.1);
    sft.resources({2, 0, 0});
  }
  StageHarness tokenizer;
  StageHarness sft;
};

TEST_F(SftTest, ResumesExactly) {
  EXPECT_EQ(sft.check_resume(), "");
}

TEST_F(SftTest, LearnsAndWritesAModelFolder) {
  sft.param("steps", 60).param("lr", 0.01).param("dtype", "float32");
  const HarnessRun run = sft.run();
  ASSERT_FALSE(run.failure.has_value()) << run.failure->message;
  EXPECT_LT(run.status.last_metrics.at("loss"), 0.5);
  EXPECT_LT(run.status.last_metrics.at("heldout_loss"), 1.0);
  EXPECT_TRUE(run.status.last_metrics.count("heldout_fall_last_fifth"));
  const auto trained = model::CausalLm::load(sft.output("model"));
  ASSERT_TRUE(trained.ok()) << trained.error().to_string();
  EXPECT_EQ(trained->config().layers, 2);
  EXPECT_TRUE(model::Tokenizer::load(sft.output("model")).ok());
}

TEST_F(SftTest, MovesAPolicyToAnotherVocabulary) {
  ASSERT_FALSE(sft.run().failure.has_value());
  StageHarness other(testing::stage_of(library("tokenizer"), "tokenizer"));
  other.param("vocab_size", 280).input("documents", tokenizer.folder() / "documents.jsonl");
  ASSERT_FALSE(other.run().failure.has_value());
  StageHarness again(testing::stage_of(library("sft"), "sft"));
  again.input("dataset", tokenizer.folder() / "qa.jsonl")
      .input("tokenizer", other.output("tokenizer"))
      .input("policy", sft.output("model"))
      .param("steps", 1)
      .param("lr", 0.0)
      .param("dtype", "float32");
  const HarnessRun run = again.run();
  ASSERT_FALSE(run.failure.has_value()) << run.failure->message;
  EXPECT_NE(run.log.find("tokens keep their embedding"), std::string::npos);
  const auto before = model::CausalLm::load(sft.output("model")).value();
  const auto after = model::CausalLm::load(again.output("model")).value();
  const auto old_words = model::Tokenizer::load(sft.output("model")).value();
  const auto new_words = model::Tokenizer::load(again.output("model")).value();
  EXPECT_EQ(after.config().vocab_size, new_words.vocab_size());
  EXPECT_NE(new_words.vocab_size(), old_words.vocab_size());
  for (const char* token : {"a", model::kImEnd}) {
    EXPECT_TRUE(at::equal(before.embedding()[*old_words.find(token)],
                          after.embedding()[*new_words.find(token)]))
        << token;
  }
}

TEST_F(SftTest, SaysThatNoPromptFits) {
  sft.param("max_input_tokens", 3);
  const HarnessRun run = sft.run();
  ASSERT_TRUE(run.failure.has_value());
  EXPECT_NE(run.failure->message.find("max_input_tokens"), std::string::npos);
}

}  // namespace
}  // namespace cairn
