// The stage without a policy.
#include <gtest/gtest.h>

#include "core/sdk/testing/stage_harness.h"
#include "plugins/lib/text/records.h"
#include "tests/unit/filtering/records_of_packages.h"

namespace cairn {
namespace {

using testing::HarnessRun;
using testing::StageHarness;

struct FilteringTest : ::testing::Test {
  FilteringTest()
      : stage(testing::stage_of(fs::path(CAIRN_BINARY_DIR) / "plugins" / "filtering.so",
                                "filtering")) {}

  fs::path write(const std::string& name, const std::vector<text::QaRecord>& records) {
    const fs::path path = stage.folder() / name;
    EXPECT_TRUE(text::write_qa(path, records).ok());
    return path;
  }
  StageHarness stage;
};

TEST_F(FilteringTest, ReadsSeveralInputsAndAccountsForEveryRecord) {
  const auto records = testing::package_records(100);
  const auto middle = records.begin() + 200;
  stage.input("qa", write("a.jsonl", {records.begin(), middle}))
      .input("qa", write("b.jsonl", {middle, records.end()}));
  const HarnessRun run = stage.run();
  ASSERT_FALSE(run.failure.has_value()) << run.failure->message;
  const auto training = text::read_qa(stage.output("qa")).value();
  const auto heldout = text::read_qa(stage.output("heldout")).value();
  EXPECT_FALSE(training.empty());
  EXPECT_FALSE(heldout.empty());
  const auto report =
      parse_json_object(real_file_system().read(stage.output("report")).value()).value();
  EXPECT_EQ(report.at("mode").as_string(), "rules");
  EXPECT_EQ(report.at("dropped").as_array().size() + training.size() + heldout.size(),
            records.size());
  EXPECT_EQ(run.status.last_metrics.at("training"), static_cast<double>(training.size()));
}

TEST_F(FilteringTest, GivesTheSameBytesAgain) {
  stage.input("qa", write("a.jsonl", testing::package_records(40)));
  const auto once = stage.run().outputs;
  stage.reset();
  EXPECT_EQ(stage.run().outputs, once);
}

TEST_F(FilteringTest, NamesTheRulesWhenNothingIsLeft) {
  auto records = testing::package_records(3);
  for (auto& record : records) record.answer = {"."};
  stage.input("qa", write("a.jsonl", records));
  const HarnessRun run = stage.run();
  ASSERT_TRUE(run.failure.has_value());
  EXPECT_NE(run.failure->message.find("no accepted answer"), std::string::npos);
}

TEST_F(FilteringTest, RefusesBandsThatDoNotDivideTheHashes) {
  stage.input("qa", write("a.jsonl", testing::package_records(3))).param("minhash_bands", 7);
  const HarnessRun run = stage.run();
  ASSERT_TRUE(run.failure.has_value());
  EXPECT_NE(run.failure->message.find("minhash_bands"), std::string::npos);
}

}  // namespace
}  // namespace cairn
