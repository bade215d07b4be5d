#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/sdk/testing/stage_harness.h"
#include "plugins/report/report.h"

namespace cairn::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kSummary =
    R"({"name":"eval","n":2,"average":0.5,"ci95":[0.0,1.0],)"
    R"("tasks":{"reading":{"n":2,"mean":0.5,"ci95":[0.0,1.0]}},"well_formed":1.0,"abstentions":0,)"
    R"("seed":0,"items":[{"id":"a","task":"reading","score":0},{"id":"b","task":"reading","score":1}]})";

constexpr const char* kStep =
    R"({"step":1,"reward_mean":0.25,"entropy":0.5,"length_mean":7,"overlong":0,"masking":false,)"
    R"("update":"applied"})";

class ReportStage : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) {
    const fs::path path = harness_.folder() / name;
    EXPECT_TRUE(real_file_system().make_directories(path.parent_path()).ok());
    EXPECT_TRUE(real_file_system().write_atomic(path, text).ok());
    return path;
  }
  std::string failure() {
    const auto run = harness_.run();
    return run.failure ? run.failure->message : "";
  }
  std::string output(const char* file) {
    return real_file_system().read(harness_.output("report") / file).value();
  }

  testing::StageHarness harness_{
      testing::stage_of(fs::path(CAIRN_BINARY_DIR) / "plugins/report.so", "report")};
};

TEST_F(ReportStage, WritesPageTextAndNumbers) {
  write("rollouts/steps.jsonl", kStep);
  harness_.input("summary", write("one.json", kSummary))
      .input("summary", write("two.json", kSummary))
      .input("rollouts", harness_.folder() / "rollouts")
      .param("labels", json::array{"before", "after"});
  const auto run = harness_.run();
  ASSERT_FALSE(run.failure) << run.failure->message;
  EXPECT_THAT(output("index.html"), AllOf(HasSubstr("before"), HasSubstr("RL 1")));
  EXPECT_THAT(output("report.txt"), HasSubstr("after"));
  const auto numbers = parse_json_object(output("report.json")).value();
  EXPECT_EQ(numbers.at("evaluations").as_array().size(), 2u);
  harness_.reset();
  EXPECT_EQ(harness_.run().outputs, run.outputs);
}

TEST_F(ReportStage, NamesAMalformedSummary) {
  harness_.input("summary", write("one.json", kSummary))
      .input("summary", write("two.json", R"({"name":"eval"})"));
  EXPECT_THAT(failure(), AllOf(HasSubstr("summary 2"), HasSubstr("'n' is missing")));
}

TEST_F(ReportStage, NamesRolloutsWithoutSteps) {
  harness_.input("summary", write("one.json", kSummary))
      .input("rollouts", write("empty/other.txt", "").parent_path());
  EXPECT_THAT(failure(), AllOf(HasSubstr("rollouts 1"), HasSubstr("steps.jsonl")));
}

TEST_F(ReportStage, WantsALabelForEachSummaryOrNone) {
  harness_.input("summary", write("one.json", kSummary)).param("labels", json::array{"a", "b"});
  EXPECT_THAT(failure(), HasSubstr("'labels' has 2 names for 1 artifacts"));
}

}  // namespace
}  // namespace cairn::report
