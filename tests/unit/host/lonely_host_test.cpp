// The host process when something dies: the engine, the host itself, or the folder under it.
#include <gmock/gmock.h>

#include <csignal>

#include "tests/unit/host/fake_engine.h"

namespace cairn::host {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

class LonelyHost : public HostTest {
 protected:
  const json::object plain_{{"steps", 7}, {"checkpoint_every", 2}};
  json::object gated() const {
    json::object params = plain_;
    params["gates"] = gates_.string();
    return params;
  }
};

TEST_F(LonelyHost, KilledAnywhereItEndsWithTheSameOutputs) {
  const auto expected = undisturbed(plain_);
  EXPECT_THAT(expected, Not(IsEmpty()));
  // Before the first checkpoint, at one, between two, and before the last step.
  for (const int step : {1, 2, 5, 6}) {
    start_host();
    engine_->assign(count(gated()));
    for (int before = 0; before < step; ++before) open_gate("go-" + std::to_string(before));
    reached(step);
    signal_host(SIGKILL);
    EXPECT_EQ(wait_for_host(), -SIGKILL);
    for (const auto& report : spooled()) EXPECT_FALSE(report.has_finished());
    fs::remove(gates_ / ("reached-" + std::to_string(step)));
  }
  open_gate("go");
  start_host();
  engine_->assign(count(gated()));
  EXPECT_EQ(digests(engine_->finish()), expected);
}

TEST_F(LonelyHost, GoesOnWithoutAnEngineAndTellsTheNextOne) {
  start_host();
  engine_->assign(count(gated()));
  reached(0);
  engine_.reset();
  open_gate("go");
  wait_until([&] { return fs::exists(attempt_folder().exit_record()); });

  start_engine();
  const auto hello = engine_->next();
  ASSERT_TRUE(hello.has_hello());
  EXPECT_EQ(hello.attempt().token(), 101u);
  // Everything that was never acknowledged, in order; then an end that is acknowledged.
  std::uint64_t sequence = 0;
  for (;;) {
    const auto report = engine_->next();
    ASSERT_EQ(report.sequence(), sequence + 1);
    sequence = report.sequence();
    if (report.has_finished()) {
      engine_->acknowledge(report);
      break;
    }
  }
  engine_->release();
  EXPECT_EQ(wait_for_host(), 0);
}

TEST_F(LonelyHost, AcknowledgedReportsAreNotSentAgain) {
  start_host();
  engine_->assign(count(gated()));
  for (int i = 0; i < 3; ++i) open_gate("go-" + std::to_string(i));
  reached(3);
  engine_->next();  // hello
  const auto started = engine_->next();
  const auto checkpoint = engine_->next();
  ASSERT_TRUE(checkpoint.has_checkpoint());
  engine_->acknowledge(checkpoint);
  // An answer to a later command shows that the acknowledgement was taken: commands keep order.
  engine_->heartbeat();
  open_gate("go-3");
  const auto second = engine_->next();
  ASSERT_TRUE(second.has_checkpoint());
  engine_.reset();
  start_engine();
  ASSERT_TRUE(engine_->next().has_hello());
  EXPECT_EQ(engine_->next().sequence(), second.sequence());
}

TEST_F(LonelyHost, LeftAloneItSavesACheckpointAndEnds) {
  start_host("1s");
  engine_->assign(count(gated()));
  open_gate("go-0");
  reached(1);
  engine_.reset();
  EXPECT_EQ(wait_for_host(), 3);
  EXPECT_TRUE(fs::exists(task_.checkpoints() / "1/manifest.json"));
  const auto reports = spooled();
  ASSERT_FALSE(reports.empty());
  EXPECT_EQ(reports.back().finished().failure_cause(), "preempted");
}

TEST_F(LonelyHost, WithoutAnEngineAnIdleHostEnds) {
  engine_.reset();
  start_host("500ms");
  EXPECT_EQ(wait_for_host(), 3);
}

TEST_F(LonelyHost, EndsAtOnceWhenItsFolderIsGone) {
  start_host();
  engine_->assign(count(gated()));
  reached(0);
  wait_until([&] {
    std::error_code error;
    fs::remove_all(folder_ / "store", error);
    return !error;
  });
  EXPECT_EQ(wait_for_host(), 4);
}

}  // namespace
}  // namespace cairn::host
