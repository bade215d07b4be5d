// Stages of many tasks, people who answer, watchdogs, shares, full disks.
#include "tests/unit/engine/scheduler_tools.h"

namespace cairn::testing {
namespace {

TEST(Scheduler, MatrixRunsItsTasksAndFeedsThemInOrder) {
  Lab lab;
  const std::string run =
      lab.scheduler->submit(workflow({with_cells(stage("a"), 20), stage("b", {"a"})}), {}).value();
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "succeeded");
  EXPECT_EQ(lab.state(run).tasks.size(), 21U);
  EXPECT_EQ(lab.task(run, "a[x=19]").phase, TaskPhase::kSucceeded);
  const json::object view = run_view(lab.state(run), {.store_folder = "/store"});
  const json::object& a = view.at("stages").at(0).as_object();
  EXPECT_EQ(a.at("tasks").at("total").to_number<int>(), 20);
  EXPECT_EQ(a.at("tasks").at("by_status").at("succeeded").to_number<int>(), 20);
  EXPECT_EQ(a.at("outputs").at("out").as_array().size(), 20U);
  const std::string digest = lab.task(run, "b").outputs[0].digest();
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    const auto& task = lab.task(run, "a[x=" + std::to_string(i) + "]");
    expected += "in=" + artifact_path("/store", task.outputs[0].digest()).string() + "\n";
  }
  EXPECT_TRUE(lab.artifacts.read(digest).value().ends_with(expected));
}

TEST(Scheduler, ShortTasksAreGivenInBatches) {
  Lab lab;
  const std::string run =
      lab.scheduler->submit(workflow({with_cells(stage("a", {}, 0), 2000)}), {}).value();
  const std::uint64_t before = lab.store.last_sequence();
  std::size_t most = 0;
  for (int i = 0; i < 20'000 && lab.state(run).status == RunStatus::kRunning; ++i) {
    lab.poll();
    most = std::max(most, lab.state(run).running);
    for (const std::string& host : lab.world.living()) lab.world.act(host);
  }
  EXPECT_EQ(status(lab, run), "succeeded");
  EXPECT_GT(most, 100U);
  EXPECT_LE(lab.store.last_sequence() - before, 2000U * 3) << "at most three records a task";
}

// A run may come to lie in memory where one was that is gone, and its host may be the same.
TEST(Scheduler, AWarmHostIsToldTheWorkOfEachRun) {
  Lab lab;
  lab.config.keep_warm = true;
  lab.start();
  std::set<Digest> results;
  for (int i = 0; i < 10; ++i) {
    const std::string run =
        lab.scheduler->submit(workflow({stage("run" + std::to_string(i))}), {}).value();
    lab.run_to_end(run);
    results.insert(lab.state(run).tasks[0].outputs.at(0).digest());
    ASSERT_TRUE(lab.scheduler->remove(run).ok());
  }
  EXPECT_EQ(results.size(), 10U);
  EXPECT_EQ(lab.world.living().size(), 1U);
}

TEST(Scheduler, ForeachRunsATaskForEachItem) {
  Lab lab;
  StageSpec list = stage("list");
  list.outputs.push_back({"list", "file"});
  set_param(list, "items", 3);
  StageSpec each = stage("each");
  each.foreach = ForeachSpec{.list = {"list", "list"}, .templates = {}, .decls = {}};
  const std::string run = lab.scheduler->submit(workflow({list, each}), {}).value();
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "succeeded");
  EXPECT_EQ(lab.task(run, "each[2]").phase, TaskPhase::kSucceeded);
}

TEST(Scheduler, PausedRunStartsNothingMore) {
  Lab lab;
  const std::string run =
      lab.scheduler->submit(workflow({stage("a"), stage("b", {"a"})}), {}).value();
  ASSERT_TRUE(lab.scheduler->pause(run, true).ok());
  lab.run_calmly(run);
  EXPECT_EQ(lab.task(run, "a").phase, TaskPhase::kSucceeded) << "what ran goes on";
  EXPECT_TRUE(lab.task(run, "b").attempts.empty());
  EXPECT_EQ(run_status(lab.state(run), true), "paused");
  ASSERT_TRUE(lab.scheduler->pause(run, false).ok());
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "succeeded");
}

TEST(Scheduler, ApprovalIsAskedAndAnswered) {
  Lab lab;
  StageSpec gate = stage("gate");
  gate.approval = "release it?";
  WorkflowSpec spec = workflow({gate});
  spec.notify = {.failed = false, .finished = false, .waiting = true, .run = "mail"};
  const std::string run = lab.scheduler->submit(spec, {}).value();
  lab.run_calmly(run);
  EXPECT_EQ(run_status(lab.state(run), true), "waiting");
  EXPECT_EQ(lab.notified, std::vector<std::string>{"counting waiting"});
  EXPECT_EQ(lab.scheduler->approve(run, "nobody", true, "").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(lab.scheduler->approve(run, "gate", true, "ann").ok());
  EXPECT_EQ(lab.scheduler->approve(run, "gate", true, "ann").error().code, ErrorCode::kConflict);
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "succeeded");
}

TEST(Scheduler, HandlerRunsOnlyAfterAFailure) {
  Lab lab;
  StageSpec bad = stage("bad");
  bad.params["fail"] = "error";
  StageSpec mends = stage("mends");
  mends.handles = {"bad"};
  StageSpec idle = stage("idle");
  idle.handles = {"good"};
  const std::string run =
      lab.scheduler->submit(workflow({bad, stage("good"), mends, idle}), {}).value();
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "failed");
  EXPECT_EQ(lab.task(run, "mends").phase, TaskPhase::kSucceeded);
  EXPECT_EQ(lab.task(run, "idle").phase, TaskPhase::kSkipped);
}

TEST(Scheduler, WatchdogRollsBackWithOtherParameters) {
  Lab lab;
  StageSpec spec = stage("a", {}, 9);
  set_param(spec, "alarm_at", 5);
  WatchdogSpec rule;
  rule.metric = "reward";
  rule.action = WatchdogSpec::Action::kRollBack;
  rule.params = {{"calm", true}};
  spec.watchdogs = {rule};
  const std::string run = lab.scheduler->submit(workflow({spec}), {}).value();
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "succeeded");
  EXPECT_EQ(lab.task(run, "a").attempts.size(), 2U);
  EXPECT_EQ(steps(lab, run, "a"), 5 + 5) << "it went on from the checkpoint at step 4";
  const std::string again = lab.scheduler->submit(workflow({spec}), {}).value();
  lab.run_to_end(again);
  EXPECT_FALSE(lab.task(again, "a").cached) << "its history is not in its key";
}

TEST(Scheduler, RetryBudgetsAreKeptByCause) {
  Lab lab;
  StageSpec bad = stage("bad");
  bad.params["fail"] = "oom";
  bad.retry.by_cause["oom"] = 4;
  bad.retry.backoff = Duration(1);
  const std::string run = lab.scheduler->submit(workflow({bad}), {}).value();
  lab.run_to_end(run);
  EXPECT_EQ(lab.task(run, "bad").attempts.size(), 4U);
}

TEST(Scheduler, RunsShareTheMachineFairlyAndByPriority) {
  Lab lab;
  lab.config.totals.cpus = 2;
  lab.config.queue_depth = 1;
  lab.start();
  const std::string first =
      lab.scheduler->submit(workflow({with_cells(stage("a", {}, 50), 4)}), {}).value();
  lab.poll();
  const std::string second =
      lab.scheduler->submit(workflow({with_cells(stage("b", {}, 49), 4)}), {}).value();
  SubmitOptions urgent;
  urgent.priority = 5;
  const std::string third =
      lab.scheduler->submit(workflow({with_cells(stage("c", {}, 48), 1)}), urgent).value();
  EXPECT_EQ(lab.state(first).running, 2U);
  run_until(lab, [&] { return lab.state(first).tasks[0].phase == TaskPhase::kSucceeded; });
  run_until(lab, [&] { return lab.state(third).running + lab.state(second).running > 0; });
  EXPECT_EQ(lab.state(third).running, 1U) << "the urgent one comes first";
  lab.run_to_end(third);
  run_until(lab, [&] { return lab.state(second).running > 0; });
  EXPECT_LE(lab.state(first).running, 1U);
}

TEST(Scheduler, RunsShareThePoolsOfTheOperation) {
  Lab lab;
  lab.config.totals.pools = {{"licence", 1}};
  lab.start();
  StageSpec licensed = stage("a");
  licensed.resources.pools = {{"licence", 1}};
  WorkflowSpec spec = workflow({licensed});
  spec.pools = {{"licence", 5}};  // its own, and no more than all have
  const std::string one = lab.scheduler->submit(spec, {}).value();
  spec.stages[0].name = "b";
  const std::string two = lab.scheduler->submit(spec, {}).value();
  lab.poll();
  EXPECT_EQ(lab.state(one).running + lab.state(two).running, 1U);
  lab.run_to_end(one);
  lab.run_to_end(two);
  EXPECT_EQ(status(lab, two), "succeeded");
  spec.stages[0].resources.pools = {{"licence", 2}};
  EXPECT_EQ(lab.scheduler->submit(spec, {}).error().code, ErrorCode::kInvalidArgument);
}

// An engine died; its hosts work on while another serves another run.
TEST(Scheduler, WhatHostsOfOtherRunsHoldIsTheirs) {
  Lab lab;
  StageSpec large = stage("a");
  large.resources.cpus = 3;
  const std::string first = lab.scheduler->submit(workflow({large}), {}).value();
  lab.poll();
  ASSERT_EQ(lab.world.living().size(), 1U);
  lab.kill_engine();
  lab.config.recovers_first = true;
  lab.start();
  ASSERT_TRUE(lab.scheduler->hold_for_others().ok());
  lab.world.attach_all();
  const std::string second = lab.scheduler->submit(workflow({stage("b")}), {}).value();
  lab.poll();
  EXPECT_EQ(lab.state(second).running, 0U) << "all is held";
  ASSERT_TRUE(lab.scheduler->resume(first, {}).ok());
  lab.run_to_end(first);
  EXPECT_EQ(lab.task(first, "a").attempts.size(), 1U) << "its host got what it had missed";
  lab.run_to_end(second);
  EXPECT_EQ(status(lab, second), "succeeded");
}

TEST(Scheduler, HostsOfOtherRunsThatAreDoneMayGo) {
  Lab lab;
  StageSpec large = stage("a");
  large.resources.cpus = 3;
  const std::string first = lab.scheduler->submit(workflow({large}), {}).value();
  lab.poll();
  for (int i = 0; i < 4; ++i) lab.world.act(lab.world.living().at(0));
  lab.kill_engine();
  lab.config.recovers_first = true;
  lab.start();
  EXPECT_EQ(lab.scheduler->hold_for_others().value(), std::vector<std::string>{first});
  EXPECT_EQ(lab.scheduler->hold_for_others().value(), std::vector<std::string>{first});
  lab.world.attach_all();
  const std::string second = lab.scheduler->submit(workflow({stage("b")}), {}).value();
  lab.run_to_end(second);
  EXPECT_EQ(status(lab, second), "succeeded");
  ASSERT_TRUE(lab.scheduler->resume(first, {}).ok());
  lab.run_to_end(first);
  EXPECT_EQ(status(lab, first), "succeeded");
  EXPECT_EQ(lab.task(first, "a").attempts.size(), 1U);
}

TEST(Scheduler, ARunForgottenWhileTheDiskIsFullStaysForgotten) {
  Lab lab;
  const std::string first = lab.scheduler->submit(workflow({stage("a")}), {}).value();
  lab.run_to_end(first);
  lab.store.fill_disk_at(1);
  EXPECT_EQ(lab.scheduler->remove(first).error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(lab.scheduler->find(first), nullptr);
  lab.store.free_space();
  lab.clock.advance(Duration(2000));
  lab.scheduler->tick();
  EXPECT_EQ(lab.scheduler->resume(first, {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(load_run(lab.store, first).error().code, ErrorCode::kNotFound);
}

TEST(Scheduler, FullDiskIsWaitedForAndNothingIsLost) {
  Lab lab;
  const std::string run =
      lab.scheduler->submit(workflow({stage("a"), stage("b", {"a"})}), {}).value();
  lab.store.fill_disk_at(1);
  lab.run_calmly(run);
  EXPECT_TRUE(lab.scheduler->stall());
  EXPECT_FALSE(lab.scheduler->failure());
  EXPECT_FALSE(lab.scheduler->submit(workflow({stage("c")}), {}).ok());
  lab.store.free_space();
  lab.clock.advance(Duration(2000));
  lab.scheduler->tick();
  lab.run_to_end(run);
  EXPECT_FALSE(lab.scheduler->stall());
  EXPECT_EQ(status(lab, run), "succeeded");
  EXPECT_EQ(steps(lab, run, "a"), 3);
}

TEST(Scheduler, ChangedPluginIsRefusedUnlessAccepted) {
  Lab lab;
  StageSpec bad = stage("bad");
  bad.params["fail"] = "error";
  bad.params["fails"] = 1;
  const std::string run = lab.scheduler->submit(workflow({bad}), {}).value();
  lab.run_to_end(run);
  lab.plugins["/plugins/count.so"] = digest_of("count, changed");
  const auto refused = lab.scheduler->resume(run, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_NE(refused.error().message.find("/plugins/count.so"), std::string::npos);
  ResumeOptions options;
  options.accept_changed_plugins = true;
  ASSERT_TRUE(lab.scheduler->resume(run, options).ok());
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "succeeded");
}

TEST(Scheduler, RerunAndForkTakeAChangedPluginOnlyIfToldTo) {
  Lab lab;
  const std::string run =
      lab.scheduler->submit(workflow({stage("a"), stage("b", {"a"})}), {}).value();
  lab.run_to_end(run);
  lab.plugins["/plugins/count.so"] = digest_of("count, changed");
  for (const bool fork : {false, true}) {
    DeriveOptions options;
    options.run = run;
    options.stage = "b";
    options.fork = fork;
    const auto refused = lab.scheduler->derive(options);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
    EXPECT_NE(refused.error().hint.find("--accept-changed-plugins"), std::string::npos);
    options.accept_changed_plugins = true;
    const std::string made = lab.scheduler->derive(options).value();
    lab.run_to_end(made);
    EXPECT_EQ(status(lab, made), "succeeded");
    EXPECT_TRUE(lab.task(made, "a").cached);
    const RunState* state = lab.scheduler->find(made);
    EXPECT_EQ(state->spec->stages[1].plugin_digest, digest_of("count, changed"));
  }
}

TEST(Scheduler, RerunBuildsOnTheOldRunAndAsksNoCacheAfterIt) {
  Lab lab;
  StageSpec first = stage("a");
  first.cache = false;
  const std::string run =
      lab.scheduler->submit(workflow({first, stage("b", {"a"}), stage("c", {"b"})}), {}).value();
  lab.run_to_end(run);
  DeriveOptions options;
  options.run = run;
  options.stage = "b";
  const std::string again = lab.scheduler->derive(options).value();
  lab.run_to_end(again);
  EXPECT_EQ(status(lab, again), "succeeded");
  EXPECT_TRUE(lab.task(again, "a").cached);
  EXPECT_FALSE(lab.task(again, "b").cached);
  EXPECT_FALSE(lab.task(again, "c").cached);
}

}  // namespace
}  // namespace cairn::testing
