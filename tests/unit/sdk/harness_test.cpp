#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/sdk/testing/stage_harness.h"

namespace cairn::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const fs::path kPlugins = CAIRN_BINARY_DIR "/test-plugins";

TEST(Harness, AWalkKilledAtEveryCheckpointEndsWhereAnUninterruptedOneDoes) {
  StageHarness harness(stage_of(kPlugins / "probe.so", "probe.count"));
  harness.param("steps", 9).param("checkpoint_every", 2).seed(7);
  EXPECT_EQ(harness.check_resume(), "");
}

TEST(Harness, TheSeedMakesTheOutput) {
  StageHarness harness(stage_of(kPlugins / "probe.so", "probe.count"));
  const auto one = harness.seed(1).run();
  harness.reset();
  const auto two = harness.seed(2).run();
  EXPECT_NE(one.outputs.at("total"), two.outputs.at("total"));
}

TEST(Harness, AStoppedStageContinuesFromItsCheckpoint) {
  StageHarness harness(stage_of(kPlugins / "probe.so", "probe.count"));
  harness.param("steps", 6).param("checkpoint_every", 2);
  const auto stopped = harness.stop_at_checkpoint(1).run();
  ASSERT_TRUE(stopped.failure);
  EXPECT_EQ(stopped.failure->cause, "cancelled");
  const auto rest = harness.run();
  ASSERT_FALSE(rest.failure) << rest.failure->message;
  EXPECT_THAT(rest.checkpoints, ElementsAre(4));
  EXPECT_THAT(rest.log, HasSubstr("continuing from the checkpoint at step 2"));
}

// Its counter is in no checkpoint, so a killed run repeats steps under other numbers.
struct Forgetful : Stage {
  Output<kind::File> result{this, "result", "What it counted"};
  Result<void> run(StageContext& ctx) override {
    int counted = 0;
    CAIRN_ASSIGN(const auto checkpoint, ctx.latest_checkpoint());
    for (auto step = checkpoint ? checkpoint->step + 1 : 1; step <= 3; ++step) {
      ++counted;
      CAIRN_TRY(ctx.save_checkpoint(step, [](const fs::path&) { return Result<void>(); }));
    }
    std::ofstream(result.path()) << counted;
    return {};
  }
};

TEST(Harness, FindsAStageThatDoesNotResumeExactly) {
  StageHarness harness(stage_type<Forgetful>("forgetful", "Forgets"));
  EXPECT_THAT(harness.check_resume(), HasSubstr("output 'result'"));
}

TEST(Harness, NamesTheCauseOfAFailure) {
  const auto cause = [](const char* type) {
    const auto run = StageHarness(stage_of(kPlugins / "misbehaving.so", type)).run();
    return run.failure ? run.failure->cause + ": " + run.failure->message : "success";
  };
  EXPECT_EQ(cause("bad.throws"), "error: the stage threw: the dog ate it");
  EXPECT_EQ(cause("bad.throws_oddly"), "error: the stage threw an exception of unknown type");
  EXPECT_THAT(cause("bad.oom"), HasSubstr("oom: "));
  EXPECT_THAT(cause("bad.no_output"), HasSubstr("invalid_output: "));
  EXPECT_THAT(cause("bad.no_output"), HasSubstr("'result'"));
}

TEST(Harness, UnknownParametersAreRefused) {
  StageHarness harness(stage_of(kPlugins / "probe.so", "probe.emit"));
  const auto run = harness.param("txet", "x").run();
  ASSERT_TRUE(run.failure);
  EXPECT_THAT(run.failure->message, HasSubstr("txet"));
}

}  // namespace
}  // namespace cairn::testing
