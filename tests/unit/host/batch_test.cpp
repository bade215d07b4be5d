// The host process with many short tasks: order, recall, cancellation, files.
#include <gmock/gmock.h>

#include <csignal>
#include <map>

#include "tests/unit/host/fake_engine.h"

namespace cairn::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Batch : public HostTest {
 protected:
  // Tasks of one stage, which the first of them brings along.
  std::vector<Task> many(int number, Task like) {
    std::vector<Task> tasks;
    for (int i = 0; i < number; ++i) {
      Task task = like;
      if (i > 0) task.stage.Clear();
      auto* id = task.assignment.mutable_attempt();
      id->set_task(static_cast<std::uint32_t>(i));
      id->set_token(1000 + static_cast<std::uint64_t>(i));
      task.assignment.set_task_folder("runs/r/" + std::to_string(i));
      tasks.push_back(std::move(task));
    }
    return tasks;
  }
  // Up to the last of so many ends, without acknowledging.
  std::vector<v1::HostReport> read_ends(std::size_t number) {
    std::vector<v1::HostReport> ends;
    while (ends.size() < number && !HasFailure()) {
      auto report = engine_->next();
      last_sequence_ = std::max(last_sequence_, report.sequence());
      if (report.has_finished() || report.has_returned()) ends.push_back(std::move(report));
    }
    return ends;
  }
  Task gated() { return count({{"gates", gates_.string()}, {"steps", 2}}); }
  void end() {
    engine_->acknowledge(last_sequence_);
    engine_->release();
    EXPECT_EQ(wait_for_host(), 0);
  }
  std::uint64_t last_sequence_ = 0;
};

TEST_F(Batch, RunsTasksInTheOrderTheyComeAndLeavesNothingBehind) {
  start_host();
  engine_->assign(many(100, noop()));
  std::uint32_t expected = 0;
  for (const auto& report : read_ends(100)) {
    EXPECT_EQ(report.attempt().task(), expected++);
    EXPECT_EQ(report.finished().failure_cause(), "") << report.finished().failure_message();
    EXPECT_GT(report.finished().started_ms(), 0);
  }
  EXPECT_THAT(store_entries(), ElementsAre("hosts", "hosts/host-1", "hosts/host-1/output.log",
                                           "hosts/host-1/spool"));
  end();
}

TEST_F(Batch, ParametersOfATaskGoOnTopOfTheStages) {
  start_host();
  Task task = this->task(test_plugin("probe.so"), "probe.emit", {{"text", "stage"}}, {"result"});
  auto tasks = many(3, task);
  tasks[1].assignment.set_params_json(R"({"text": "own"})");
  tasks[2].assignment.set_params_json(R"({"txet": "own"})");
  engine_->assign(tasks);
  const auto ends = read_ends(3);
  EXPECT_EQ(artifact(ends[0].finished(), "result"), "stage");
  EXPECT_EQ(artifact(ends[1].finished(), "result"), "own");
  EXPECT_THAT(ends[2].finished().failure_message(), HasSubstr("txet"));
  EXPECT_THAT(real_file_system().read(host_files_.claims()).value(),
              ::testing::EndsWith(ends[1].finished().outputs(0).digest() + "\n"));
  EXPECT_THAT(store_entries(), ::testing::Not(::testing::Contains("runs/r/1"))) << "it is empty";
  end();
}

TEST_F(Batch, TheFingerprintComesOnceForEachKind) {
  start_host();
  auto tasks = many(4, noop());
  tasks[2].stage = tasks[0].stage;
  tasks[2].stage.set_work(99);
  tasks[2].stage.mutable_resources()->set_cpus(1);
  tasks[2].assignment.set_work(99);
  engine_->assign(tasks);
  std::vector<bool> sent;
  while (sent.size() < 4) {
    const auto report = engine_->next();
    if (report.has_started()) sent.push_back(!report.started().fingerprint_json().empty());
  }
  EXPECT_THAT(sent, ElementsAre(true, false, true, true));
}

TEST_F(Batch, RecalledAssignmentsAreReturnedAndTheRunningOneGoesOn) {
  start_host();
  auto tasks = many(5, gated());
  engine_->assign(tasks);
  reached(0);
  engine_->recall();
  for (const auto& report : read_ends(4)) EXPECT_TRUE(report.has_returned());
  open_gate("go");
  const auto ends = read_ends(1);
  EXPECT_EQ(ends[0].attempt().task(), 0u);
  EXPECT_EQ(ends[0].finished().failure_cause(), "");
  end();
}

TEST_F(Batch, ACancelledAssignmentThatWaitsNeverBegins) {
  start_host();
  const auto tasks = many(3, gated());
  engine_->assign(tasks);
  reached(0);
  engine_->cancel(tasks[1].id());
  auto ends = read_ends(1);
  EXPECT_EQ(ends[0].attempt().task(), 1u);
  EXPECT_EQ(ends[0].finished().failure_cause(), "cancelled");
  EXPECT_EQ(ends[0].finished().started_ms(), 0);
  EXPECT_GT(ends[0].finished().finished_ms(), 0);
  open_gate("go");
  ends = read_ends(2);
  EXPECT_EQ(ends[0].attempt().task(), 0u);
  EXPECT_EQ(ends[1].attempt().task(), 2u);
  end();
}

TEST_F(Batch, SigtermReturnsWhatHasNotBegunAndWhatStillComes) {
  start_host();
  const auto tasks = many(3, gated());
  engine_->assign({tasks[0], tasks[1]});
  reached(0);
  signal_host(SIGTERM);
  std::map<std::uint32_t, v1::HostReport> ends;
  for (auto& report : read_ends(2)) ends[report.attempt().task()] = report;
  EXPECT_EQ(ends[0].finished().failure_cause(), "preempted");
  EXPECT_TRUE(ends[1].has_returned());
  engine_->assign(tasks[2]);
  EXPECT_TRUE(read_ends(1)[0].has_returned());
  engine_->acknowledge(last_sequence_);
  EXPECT_EQ(wait_for_host(), 0);
}

TEST_F(Batch, ReleaseWaitsForWhatIsThere) {
  start_host();
  engine_->assign(many(3, gated()));
  engine_->release();
  open_gate("go");
  for (const auto& report : read_ends(3)) EXPECT_EQ(report.finished().failure_cause(), "");
  EXPECT_EQ(wait_for_host(), 0);
}

TEST_F(Batch, AnAssignmentThatComesTwiceRunsOnce) {
  start_host();
  auto tasks = many(2, noop());
  engine_->assign({tasks[0], tasks[0], tasks[1]});
  const auto ends = read_ends(2);
  EXPECT_EQ(ends[0].attempt().task(), 0u);
  EXPECT_EQ(ends[1].attempt().task(), 1u);
  end();
}

TEST_F(Batch, AStageThatWasNotSentIsAnError) {
  start_host();
  Task task = noop();
  task.stage.Clear();
  engine_->assign(task);
  EXPECT_THAT(read_ends(1)[0].finished().failure_message(), HasSubstr("was not sent"));
}

TEST_F(Batch, WhatWasReportedIsInTheSpoolWhenTheHostIsKilled) {
  start_host();
  engine_->assign(many(50, noop()));
  std::map<std::uint64_t, std::string> heard;
  for (std::size_t ends = 0; ends < 50;) {
    const auto report = engine_->next();
    if (report.sequence() > 0) heard[report.sequence()] = report.SerializeAsString();
    ends += report.has_finished() ? 1 : 0;
  }
  signal_host(SIGKILL);
  EXPECT_EQ(wait_for_host(), -SIGKILL);
  std::map<std::uint64_t, std::string> kept;
  for (const auto& report : spooled()) kept[report.sequence()] = report.SerializeAsString();
  EXPECT_EQ(kept, heard);
  EXPECT_EQ(kept.size(), 100u);
}

TEST_F(Batch, ASpoolThatCannotBeWrittenIsMadeUpForLater) {
  fs::create_directories(host_files_.spool());  // in its way
  start_host();
  engine_->assign(many(3, noop()));
  for (const auto& report : read_ends(3)) EXPECT_EQ(report.finished().failure_cause(), "");
  engine_->release();
  EXPECT_THAT(host_output(), HasSubstr("reports are kept in memory"));
  fs::remove(host_files_.spool());
  EXPECT_EQ(wait_for_host(), 0);
  std::uint64_t sequence = 0;
  for (const auto& report : spooled()) EXPECT_EQ(report.sequence(), ++sequence);
  EXPECT_EQ(sequence, last_sequence_);
}

TEST_F(Batch, ShellLeavesAFolderOnlyWhereItPrinted) {
  start_host();
  auto tasks = many(2, shell("true"));
  tasks[1].assignment.set_params_json(R"({"run": "echo out; echo err >&2"})");
  engine_->assign(tasks);
  for (const auto& report : read_ends(2))
    EXPECT_EQ(report.finished().failure_cause(), "") << report.finished().failure_message();
  EXPECT_THAT(store_entries(),
              ElementsAre("hosts", "hosts/host-1", "hosts/host-1/output.log", "hosts/host-1/spool",
                          "hosts/host-1/tmp", "runs", "runs/r", "runs/r/1", "runs/r/1/attempt-1",
                          "runs/r/1/attempt-1/exit.json", "runs/r/1/attempt-1/output.log"));
  EXPECT_EQ(real_file_system().read(store_ / "runs/r/1/attempt-1/output.log").value(),
            "out\nerr\n");
  end();
}

}  // namespace
}  // namespace cairn::host
