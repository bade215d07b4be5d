#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/sdk/testing/stage_harness.h"
#include "plugins/lib/text/records.h"
#include "plugins/synthesis/sample_documents.h"

namespace cairn::testing {
namespace {

using ::testing::HasSubstr;

class SynthesisStage : public ::testing::TestWithParam<const char*> {
 protected:
  SynthesisStage() : harness_(stage_of(CAIRN_BINARY_DIR "/plugins/synthesis.so", GetParam())) {
    give(synthesis::sample_documents());
    harness_.param("items", 60).param("held_out_items", 30).seed(11);
  }
  void give(const std::vector<text::Document>& documents) {
    EXPECT_TRUE(text::write_documents(file_, documents).ok());
  }
  StageHarness harness_;
  const fs::path file_ = harness_.folder() / "documents.jsonl";
};

TEST_P(SynthesisStage, WritesRecordsAndAudit) {
  harness_.input("documents", file_);
  const auto run = harness_.run();
  ASSERT_FALSE(run.failure) << run.failure->message;
  const auto records = text::read_qa(harness_.output("qa"));
  ASSERT_TRUE(records.ok()) << records.error().to_string();
  EXPECT_EQ(records->size(), 90U);
  for (std::size_t i = 1; i < records->size(); ++i)
    EXPECT_LT((*records)[i - 1].id, (*records)[i].id);
  const auto text = real_file_system().read(harness_.output("audit"));
  ASSERT_TRUE(text.ok());
  const auto audit = parse_json_object(*text);
  ASSERT_TRUE(audit.ok()) << audit.error().to_string();
  EXPECT_EQ(audit->at("items").to_number<int>(), 60);
  EXPECT_EQ(audit->at("held_out_items").to_number<int>(), 30);
}

TEST_P(SynthesisStage, SameSeedSameBytes) {
  harness_.input("documents", file_);
  const auto first = harness_.run();
  ASSERT_FALSE(first.failure) << first.failure->message;
  harness_.reset();
  EXPECT_EQ(harness_.run().outputs, first.outputs);
  harness_.reset();
  EXPECT_NE(harness_.seed(12).run().outputs.at("qa"), first.outputs.at("qa"));
}

TEST_P(SynthesisStage, HostileDocumentsDoNoHarm) {
  auto documents = synthesis::sample_documents();
  const std::string evil = "Robert'); DROP TABLE \"table 1\"; -- \"quoted\" (A) [x]";
  documents.push_back({"empty", "", "", "general", "", ""});
  documents.push_back({"blank", "blank", "\n \n", "general", "", ""});
  documents.push_back({"evil", evil, "Package: " + evil + "\nSection: " + evil + "\nDepends: libT1",
                       "professional", "", ""});
  documents.push_back({"prompt", "p", "Package: p\nQ: What is the Section of p?\nDepends: libT2",
                       "professional", "", ""});
  documents.push_back({"table", evil, evil + " | n\n" + evil + " | 1\nx | 99999999999999999999",
                       "academic", "", ""});
  documents.push_back({"long", "long", "Package: long\nSection: " + std::string(5000, 'x'),
                       "professional", "", ""});
  give(documents);
  const auto run = harness_.input("documents", file_).run();
  EXPECT_FALSE(run.failure) << run.failure->message;
}

TEST_P(SynthesisStage, TooFewDocumentsAreNamedAsSuch) {
  give({});
  const auto run = harness_.input("documents", file_).run();
  ASSERT_TRUE(run.failure);
  EXPECT_THAT(run.failure->message, HasSubstr("only 0 of 60 items could be made"));
  EXPECT_THAT(run.failure->message, HasSubstr("lower `items`"));
}

TEST_P(SynthesisStage, AnImpossibleContextIsRefused) {
  const auto run =
      harness_.input("documents", file_).param("min_documents", 5).param("max_documents", 4).run();
  ASSERT_TRUE(run.failure);
  EXPECT_THAT(run.failure->message, HasSubstr("min_documents (5) is greater"));
}

INSTANTIATE_TEST_SUITE_P(Stages, SynthesisStage,
                         ::testing::Values("synthesis.multihop", "synthesis.numerical",
                                           "synthesis.general"),
                         [](const auto& info) { return std::string(info.param).substr(10); });

}  // namespace
}  // namespace cairn::testing
