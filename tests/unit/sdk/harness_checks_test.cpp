// The harness's checks: what each finds, and that it leaves a careful stage alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/sdk/testing/stage_harness.h"

namespace cairn::testing {
namespace {

using ::testing::HasSubstr;

const fs::path kPlugins = CAIRN_BINARY_DIR "/test-plugins";

// Copies rows; careful in every way.
struct Copies : Stage {
  Input<kind::Table> rows{this, "rows", "Rows"};
  Output<kind::Table> copy{this, "copy", "The same rows"};
  Result<void> run(StageContext& ctx) override {
    CAIRN_ASSIGN(auto reader, rows.open());
    CAIRN_ASSIGN(auto writer, copy.create());
    for (;;) {
      if (ctx.cancelled()) return stage_cancelled();
      CAIRN_ASSIGN(const auto row, reader.next());
      if (!row) return writer.close();
      CAIRN_TRY(writer.write(*row));
    }
  }
};

StageType copies() {
  return stage_type<Copies>("copies", "Copies rows").self_test([](SelfTest& test) {
    return test.records<TableRow>("rows", {{{{"a", 1}}}, {{{"a", 2}}}});
  });
}

TEST(HarnessChecks, LeaveACarefulStageAlone) {
  StageHarness harness(copies());
  ASSERT_TRUE(harness.self_test().ok());
  EXPECT_EQ(harness.check_same_twice(), "");
  EXPECT_EQ(harness.check_cancel(), "");
  EXPECT_EQ(harness.check_garbage(), "");
  EXPECT_EQ(harness.check_full_disk(), "");
  EXPECT_EQ(harness.check_out_of_memory(), "");
  EXPECT_EQ(harness.check_resume(), "the stage saved no checkpoint");
}

TEST(HarnessChecks, AWalkKeepsItsPromisesOnAFullDiskToo) {
  StageHarness harness(stage_of(kPlugins / "probe.so", "probe.count"));
  harness.param("steps", 7).param("checkpoint_every", 2);
  EXPECT_EQ(harness.check_full_disk(), "");
  EXPECT_EQ(harness.check_cancel(), "");
  const auto full = (harness.reset(), harness.full_disk_at_checkpoint(2).run());
  ASSERT_TRUE(full.failure);
  EXPECT_THAT(full.failure->message, HasSubstr("No space left on device"));
  EXPECT_EQ(full.checkpoints.size(), 1u);
}

struct Differs : Stage {
  Output<kind::File> result{this, "result", "A number that grows"};
  Result<void> run(StageContext&) override {
    static int runs = 0;
    CAIRN_ASSIGN(auto writer, result.create());
    CAIRN_TRY(writer.write(std::to_string(++runs)));
    return writer.close();
  }
};

TEST(HarnessChecks, FindWhatDiffersFromRunToRun) {
  StageHarness harness(stage_type<Differs>("differs", "Differs"));
  EXPECT_THAT(harness.check_same_twice(), HasSubstr("output 'result' of the second run differs"));
}

struct TakesAll : Stage {
  Input<kind::Table> rows{this, "rows", "Rows it does not look at"};
  Result<void> run(StageContext&) override { return {}; }
};
struct Throws : Stage {
  Input<kind::Table> rows{this, "rows", "Rows"};
  Result<void> run(StageContext&) override {
    std::ifstream file(rows.path());
    file.exceptions(std::ios::failbit);
    int number = 0;
    file >> number;
    return {};
  }
};

TEST(HarnessChecks, FindGarbageThatIsTakenOrThrownAt) {
  StageHarness takes(stage_type<TakesAll>("takes", "Takes all"));
  takes.input_text("rows", "{}\n");
  EXPECT_EQ(takes.check_garbage(), "garbage for input 'rows' was taken for good\n");
  StageHarness throws(stage_type<Throws>("throws", "Throws"));
  throws.input_text("rows", "1\n");
  EXPECT_THAT(throws.check_garbage(), HasSubstr("the stage threw"));
}

struct Hungry : Stage {
  Output<kind::File> result{this, "result", "What it made"};
  Result<void> run(StageContext&) override {
    const std::vector<char> much(std::size_t{256} << 20, 'x');
    CAIRN_ASSIGN(auto writer, result.create());
    CAIRN_TRY(writer.write({much.data(), 1}));
    return writer.close();
  }
};

TEST(HarnessChecks, WithoutMemoryTheCauseIsOom) {
  StageHarness harness(stage_type<Hungry>("hungry", "Takes memory"));
  EXPECT_EQ(harness.check_out_of_memory(), "");
  const auto starved = harness.spare_memory(1 << 20).run();
  ASSERT_TRUE(starved.failure);
  EXPECT_EQ(starved.failure->cause, "oom");
}

TEST(HarnessChecks, AGoldenIsComparedLineByLine) {
  StageHarness harness(copies());
  ASSERT_TRUE(harness.self_test().ok());
  ASSERT_FALSE(harness.run().failure);
  const auto golden = harness.write_file("golden", "{\"a\":1}\n{\"a\":3}\n");
  EXPECT_THAT(harness.check_golden("copy", golden), HasSubstr("in line 2"));
  harness.write_file("golden", "{\"a\":1}\n{\"a\":2}\n");
  EXPECT_EQ(harness.check_golden("copy", golden), "");
  EXPECT_THAT(harness.check_golden("copy", harness.folder() / "none"), HasSubstr("No such file"));
}

TEST(HarnessChecks, AStageWithoutASelfTestSaysSo) {
  StageHarness harness(stage_type<Differs>("differs", "Differs"));
  EXPECT_THAT(harness.self_test().error().message, HasSubstr("has no self-test"));
}

// A validator runs over every output.
struct CutsShort : Stage {
  Output<kind::Table> rows{this, "rows", "A row without an end"};
  Result<void> run(StageContext&) override {
    std::ofstream(rows.path()) << "{\"a\":";
    return {};
  }
};

TEST(HarnessChecks, AnOutputThatIsNoneOfItsKindFailsTheAttempt) {
  StageHarness harness(stage_type<CutsShort>("cuts", "Cuts short"));
  const auto run = harness.run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "invalid_output");
  EXPECT_THAT(run.failure->message, HasSubstr("output 'rows' is no table"));
}

}  // namespace
}  // namespace cairn::testing
