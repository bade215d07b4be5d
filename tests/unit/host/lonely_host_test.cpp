// The host process when something dies: the engine, the host itself, or the folder under it.
#include <gmock/gmock.h>

#include <csignal>
#include <map>
#include <mutex>

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
    const std::uint64_t before = spooled().empty() ? 0 : spooled().back().sequence();
    start_host();
    engine_->assign(count(gated()));
    for (int gate = 0; gate < step; ++gate) open_gate("go-" + std::to_string(gate));
    reached(step);
    signal_host(SIGKILL);
    EXPECT_EQ(wait_for_host(), -SIGKILL);
    for (const auto& report : spooled())
      EXPECT_FALSE(report.has_finished() && report.sequence() > before);
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
  EXPECT_THAT(hello.hello().orders(), IsEmpty());
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

// The engine goes away again and again while many tasks run: in the end it has heard every report,
// and of each attempt one end.
TEST_F(LonelyHost, ComesBackWithoutLossOrDoubling) {
  constexpr std::uint64_t kTasks = 400;
  std::mutex mutex;
  std::map<std::uint64_t, v1::HostReport> heard;
  const auto listen = [&] {
    engine_->watch([&](const v1::HostReports& message) {
      const std::lock_guard lock(mutex);
      for (const auto& report : message.reports())
        if (report.sequence() > 0) heard[report.sequence()] = report;
    });
  };
  const auto count_heard = [&] {
    const std::lock_guard lock(mutex);
    return heard.size();
  };
  std::vector<Task> tasks;
  const Task like = noop();
  for (std::uint64_t i = 0; i < kTasks; ++i) {
    Task& task = tasks.emplace_back(like);
    if (i > 0) task.stage.Clear();
    task.assignment.mutable_attempt()->set_token(1000 + i);
  }
  listen();
  engine_->assign(tasks);
  start_host();
  for (const std::size_t part : {1u, 100u, 300u}) {
    wait_until([&] { return count_heard() >= part; });
    engine_.reset();
    start_engine();
    listen();
  }
  wait_until([&] { return count_heard() == 2 * kTasks; });
  std::map<std::uint64_t, int> ends;
  std::uint64_t sequence = 0;
  for (const auto& [number, report] : heard) {
    EXPECT_EQ(number, ++sequence);
    if (report.has_finished()) ++ends[report.attempt().token()];
  }
  EXPECT_EQ(ends.size(), kTasks);
  for (const auto& [token, number] : ends) EXPECT_EQ(number, 1) << token;
  EXPECT_EQ(spooled().size(), 2 * kTasks);
}

TEST_F(LonelyHost, AfterAReconnectTheHelloNamesWhatIsLeftToDo) {
  start_host();
  const Task running = count(gated());
  const Task waiting = count(gated());
  engine_->assign({running, waiting});
  reached(0);
  engine_.reset();
  start_engine();
  const auto hello = engine_->next();
  ASSERT_EQ(hello.hello().orders_size(), 2);
  EXPECT_EQ(hello.hello().orders(0).token(), running.id().token());
  EXPECT_EQ(hello.hello().orders(1).token(), waiting.id().token());
  EXPECT_TRUE(engine_->next().has_started()) << "it is not acknowledged";
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
