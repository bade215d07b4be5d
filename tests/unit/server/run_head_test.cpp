#include "core/server/api/run_head.h"

#include <gtest/gtest.h>

#include "core/engine/load.h"
#include "core/engine/spent.h"
#include "core/engine/view.h"
#include "tests/unit/server/run_states.h"

namespace cairn::api {
namespace {

using namespace cairn::testing;

StageSpec on_gpus(StageSpec spec, int gpus) {
  spec.resources.gpus = gpus;
  return spec;
}

json::object head(const RunState& state, bool served = true, const LiveTasks& live = {},
                  std::optional<Saved> saved = std::nullopt) {
  HeadSources sources;
  sources.totals.cpus = 64;
  sources.saved = saved;
  sources.now = kNow;
  return head_view({state, served, live}, sources);
}

TEST(RunHead, CountsTheTimeOfGpusOfEveryAttempt) {
  RunState state = fresh_run({on_gpus(stage("train"), 4), stage("score", {"train"})});
  add_attempt(state.tasks[0], 100).finished_at = seconds_ago(90);
  AttemptState& back = add_attempt(state.tasks[0], 80);
  back.finished_at = seconds_ago(70);
  back.returned = true;  // it never began
  start(state, "train", 50);
  const json::object spent = head(state).at("spent").as_object();
  EXPECT_DOUBLE_EQ(spent.at("gpu_seconds").as_double(), 4 * (10 + 50));
  EXPECT_DOUBLE_EQ(spent.at("cpu_seconds").as_double(), 10 + 50);
  EXPECT_EQ(spent.at("gpus_in_use").to_number<int>(), 4);
  // Without an engine nothing runs, and when the last attempt ended nobody knows.
  const json::object halted = head(state, false).at("spent").as_object();
  EXPECT_DOUBLE_EQ(halted.at("gpu_seconds").as_double(), 4 * 10);
  EXPECT_EQ(halted.at("gpus_in_use").to_number<int>(), 0);
}

TEST(RunHead, SaysWhatFailedFirst) {
  RunState state = fresh_run({stage("a"), stage("b"), stage("c")});
  for (const char* name : {"b", "c"}) {
    end(state, name, 20, 10, TaskPhase::kFailed);
    TaskTrouble& trouble = state.tasks[state.find_task(name).value()].troubled();
    trouble.cause = "oom";
    trouble.message = std::string(name) + " took too much";
  }
  const json::object failed = head(state).at("failed").as_object();
  EXPECT_EQ(failed.at("stage").as_string(), "b");
  EXPECT_EQ(failed.at("cause").as_string(), "oom");
  EXPECT_EQ(failed.at("message").as_string(), "b took too much");
}

TEST(RunHead, SaysWhyNotMoreOfItRuns) {
  RunState state = fresh_run({with_cells(stage("sweep"), 3), stage("report", {"sweep"})});
  json::object waiting = head(state).at("waiting").as_object();
  EXPECT_EQ(waiting.at("reason").as_string(), "room");
  EXPECT_EQ(waiting.at("tasks").to_number<int>(), 3);
  EXPECT_EQ(waiting.at("stage").as_string(), "sweep");
  for (TaskState& task : state.tasks) task.troubled().not_before = kNow + Duration(5000);
  waiting = head(state).at("waiting").as_object();
  EXPECT_EQ(waiting.at("reason").as_string(), "retry");
  EXPECT_EQ(waiting.at("until").as_string(), format_rfc3339(kNow + Duration(5000)));
  state.paused = true;
  EXPECT_EQ(head(state).at("waiting").at("reason").as_string(), "paused");
  EXPECT_EQ(head(state).at("no_estimate").as_string(), "the run is paused");
}

TEST(RunHead, AQuestionIsToldWithItsWords) {
  StageSpec publish = stage("publish");
  publish.approval = "Publish?";
  RunState state = fresh_run({publish});
  state.stages[0].approval_asked = true;
  const json::object waiting = head(state).at("waiting").as_object();
  EXPECT_EQ(waiting.at("reason").as_string(), "approval");
  EXPECT_EQ(waiting.at("question").as_string(), "Publish?");
  EXPECT_FALSE(head(state, false).contains("waiting"));
}

TEST(RunHead, ReuseSavedWhatTheResultsCostOnce) {
  const auto stages = [] {
    return std::vector{on_gpus(stage("train"), 2), with_cells(stage("sweep"), 2)};
  };
  RunState origin = fresh_run(stages());
  end(origin, "train", 100, 40);
  end(origin, "sweep[x=1]", 40, 30);
  RunState state = fresh_run(stages());
  reuse(state, "train", "r0/train");
  reuse(state, "sweep[x=1]", "r0/sweep[x=1]");
  reuse(state, "sweep[x=0]", "r1/gone");
  const ReusedTasks reused = reused_tasks(state);
  ASSERT_EQ(reused.size(), 2U);
  Saved saved;
  add_saved(saved, origin, reused.at("r0"));
  add_saved(saved, origin, reused.at("r1"));
  EXPECT_EQ(saved.tasks, 2U);
  EXPECT_DOUBLE_EQ(saved.seconds, 70);
  EXPECT_DOUBLE_EQ(saved.gpu_seconds, 120);
  const json::object document = head(state, true, {}, saved);
  EXPECT_EQ(document.at("reused").to_number<int>(), 3);
  EXPECT_EQ(document.at("saved").at("tasks").to_number<int>(), 2);
}

TEST(RunHead, StaysSmallHoweverManyTasksThereAre) {
  std::vector<StageSpec> stages;
  for (int i = 0; i < 2000; ++i) stages.push_back(stage("s" + std::to_string(i)));
  EXPECT_LT(json::serialize(head(fresh_run(std::move(stages)))).size(), 2000U);
}

TEST(RunRowOf, HoldsStagesByStatusReuseAndTheOutcomeOfTheLastStages) {
  RunState state =
      fresh_run({stage("a"), on_gpus(stage("train", {"a"}), 2), stage("report", {"train"})});
  reuse(state, "a", "r0/a");
  end(state, "train", 30, 10);
  end(state, "report", 10, 9);
  state.tasks[1].metrics = {{"loss", 3.0}};
  state.tasks[2].metrics = {{"average", 0.5}, {"bad", std::nan("")}};
  const RunRow row = shown_row(state, true);
  EXPECT_EQ(row.stages, (std::map<std::string, std::uint64_t>{{"succeeded", 3}}));
  EXPECT_EQ(row.reused, 1U);
  EXPECT_DOUBLE_EQ(row.gpu_seconds, 40);
  EXPECT_EQ(row.outcome, (std::map<std::string, double>{{"average", 0.5}}));
  // And they come back from the store.
  MemoryRunStore store;
  const RunRow read = decode_row(store, {state.id, encode_row(state)});
  EXPECT_EQ(read.stages, row.stages);
  EXPECT_EQ(read.reused, row.reused);
  EXPECT_DOUBLE_EQ(read.gpu_seconds, row.gpu_seconds);
  EXPECT_EQ(read.outcome, row.outcome);
}

}  // namespace
}  // namespace cairn::api
