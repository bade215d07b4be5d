#include "tests/unit/engine/scheduler_tools.h"

namespace cairn::testing {
namespace {

TEST(Scheduler, SecondRunOfTheSameWorkStartsNoHost) {
  Lab lab;
  const WorkflowSpec spec = workflow({stage("a"), stage("b", {"a"})});
  const std::string first = lab.scheduler->submit(spec, {}).value();
  lab.run_to_end(first);
  const auto worked = lab.world.steps_worked;
  const std::string second = lab.scheduler->submit(spec, {}).value();
  lab.run_to_end(second);
  EXPECT_EQ(status(lab, second), "succeeded");
  EXPECT_TRUE(lab.task(second, "b").cached);
  EXPECT_EQ(lab.task(second, "b").cached_from, first + "/b");
  EXPECT_EQ(lab.world.steps_worked, worked);
}

TEST(Scheduler, CacheOfADamagedArtifactIsNotUsed) {
  Lab lab;
  const WorkflowSpec spec = workflow({stage("a")});
  const std::string first = lab.scheduler->submit(spec, {}).value();
  lab.run_to_end(first);
  const std::string digest = lab.task(first, "a").outputs[0].digest();
  lab.artifacts.damage(digest);
  const std::string second = lab.scheduler->submit(spec, {}).value();
  lab.run_to_end(second);
  EXPECT_FALSE(lab.task(second, "a").cached);
  EXPECT_NE(lab.task(second, "a").misfortune().cache_note.find(digest), std::string::npos);
  EXPECT_EQ(lab.task(second, "a").outputs[0].digest(), digest);
  EXPECT_TRUE(lab.artifacts.check(digest).ok());
}

TEST(Scheduler, ResumeRunsAgainWhatLostItsArtifactAndNothingElse) {
  Lab lab;
  const std::string run =
      lab.scheduler->submit(workflow({stage("a"), stage("b", {"a"})}), {}).value();
  lab.run_to_end(run);
  const std::string digest = lab.task(run, "a").outputs[0].digest();
  lab.artifacts.lose(digest);
  const auto plan = lab.scheduler->resume(run, {});
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->reopened_size(), 1);
  EXPECT_EQ(plan->reopened(0).tasks_size(), 1);
  EXPECT_EQ(plan->reopened(0).tasks(0), 0U);
  EXPECT_NE(plan->reopened(0).because().find("lost_artifact"), std::string::npos);
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "succeeded");
  EXPECT_TRUE(lab.artifacts.check(digest).ok());
  EXPECT_EQ(lab.task(run, "b").attempts.size(), 1U);
}

TEST(Scheduler, FailureSkipsDependantsAndLetsOthersFinish) {
  Lab lab;
  StageSpec bad = stage("bad");
  bad.params["fail"] = "error";
  const std::string run =
      lab.scheduler->submit(workflow({bad, stage("after", {"bad"}), stage("other")}), {}).value();
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "failed");
  EXPECT_EQ(lab.task(run, "bad").misfortune().cause, "error");
  EXPECT_EQ(lab.task(run, "after").phase, TaskPhase::kSkipped);
  EXPECT_EQ(skip_cause(lab, run, "after"), "upstream_failed");
  EXPECT_EQ(lab.task(run, "other").phase, TaskPhase::kSucceeded);
}

TEST(Scheduler, FailFastCancelsTheRest) {
  Lab lab;
  lab.config.totals.cpus = 1;
  lab.start();
  StageSpec bad = stage("bad");
  bad.params["fail"] = "error";
  WorkflowSpec spec = workflow({bad, stage("other")});
  spec.fail_fast = true;
  const std::string run = lab.scheduler->submit(spec, {}).value();
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "failed");
  EXPECT_EQ(lab.task(run, "other").phase, TaskPhase::kCancelled);
  EXPECT_TRUE(lab.task(run, "other").attempts.empty());
}

TEST(Scheduler, RetriesWithGrowingBackoffAndKeepsTheBudget) {
  Lab lab;
  StageSpec bad = stage("bad");
  bad.params["fail"] = "oom";
  bad.retry = {.max_attempts = 3, .backoff = Duration(10'000), .by_cause = {}};
  const std::string run = lab.scheduler->submit(workflow({bad}), {}).value();
  lab.run_to_end(run);
  const auto& attempts = lab.task(run, "bad").attempts;
  ASSERT_EQ(attempts.size(), 3U);
  const Duration first = attempts[1].created_at - *attempts[0].finished_at;
  const Duration second = attempts[2].created_at - *attempts[1].finished_at;
  EXPECT_GE(first, Duration(7'500));
  EXPECT_LE(first, Duration(13'500));
  EXPECT_GE(second, Duration(15'000));
  EXPECT_LE(second, Duration(26'000));
}

TEST(Scheduler, CrashNamesTheSignalAndTheLastOutput) {
  Lab lab;
  const std::string run = lab.scheduler->submit(workflow({stage("a")}), {}).value();
  run_until(lab, [&] { return steps(lab, run, "a") == 1; });
  lab.world.crash(lab.world.living().front());
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "failed");
  EXPECT_EQ(lab.task(run, "a").misfortune().cause, "crash");
  EXPECT_NE(lab.task(run, "a").misfortune().message.find("SIGKILL"), std::string::npos);
  EXPECT_NE(lab.task(run, "a").misfortune().message.find("the last words"), std::string::npos);
}

TEST(Scheduler, CancelStopsAttemptsAndStartsNothingMore) {
  Lab lab;
  const std::string run =
      lab.scheduler->submit(workflow({stage("a", {}, 50), stage("b", {"a"})}), {}).value();
  run_until(lab, [&] { return steps(lab, run, "a") == 5; });
  ASSERT_TRUE(lab.scheduler->cancel(run).ok());
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "cancelled");
  EXPECT_EQ(lab.task(run, "a").phase, TaskPhase::kCancelled);
  EXPECT_EQ(lab.task(run, "b").phase, TaskPhase::kCancelled);
  EXPECT_EQ(lab.scheduler->cancel(run).error().code, ErrorCode::kConflict);
  EXPECT_LE(steps(lab, run, "a"), 6);
}

TEST(Scheduler, HostThatIgnoresCancelIsKilledAfterTheGrace) {
  Lab lab;
  lab.world.ignore_cancel = true;
  const std::string run = lab.scheduler->submit(workflow({stage("a", {}, 100000)}), {}).value();
  run_until(lab, [&] { return steps(lab, run, "a") == 1; });
  ASSERT_TRUE(lab.scheduler->cancel(run).ok());
  lab.clock.advance(lab.config.cancel_grace - Duration(1));
  lab.scheduler->tick();
  lab.poll();
  EXPECT_EQ(status(lab, run), "running");
  lab.clock.advance(Duration(1));
  lab.scheduler->tick();
  lab.poll();
  EXPECT_EQ(status(lab, run), "cancelled");
}

TEST(Scheduler, TimeoutAndSilenceHaveTheirCauses) {
  Lab lab;
  lab.config.lease = Duration(60'000);
  lab.start();
  StageSpec slow = stage("slow", {}, 100000);
  slow.timeout = Duration(30'000);
  const std::string run =
      lab.scheduler->submit(workflow({slow, stage("silent", {}, 100000)}), {}).value();
  run_until(lab, [&] { return steps(lab, run, "slow") == 1; });
  lab.clock.advance(Duration(30'000));
  lab.scheduler->tick();
  lab.poll();
  EXPECT_EQ(lab.task(run, "slow").misfortune().cause, "timeout");
  lab.clock.advance(Duration(60'000));
  lab.scheduler->tick();
  lab.poll();
  EXPECT_EQ(lab.task(run, "silent").misfortune().cause, "node_failed");
  EXPECT_EQ(lab.task(run, "silent").phase, TaskPhase::kRunning) << "its budget is its own";
}

TEST(Scheduler, InterruptedRunGoesOnFromItsCheckpoint) {
  Lab lab;
  const std::string run = lab.scheduler->submit(workflow({stage("a", {}, 9)}), {}).value();
  run_until(lab, [&] { return steps(lab, run, "a") == 5; });
  lab.scheduler->interrupt_all();
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "interrupted");
  lab.kill_engine();
  lab.start();
  ASSERT_TRUE(lab.scheduler->resume(run, {}).ok());
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "succeeded");
  EXPECT_EQ(steps(lab, run, "a"), 9);
}

TEST(Scheduler, ReportWithAnOldTokenChangesNothing) {
  Lab lab;
  StageSpec spec = stage("a", {}, 50);
  spec.retry = {.max_attempts = 2, .backoff = Duration(0), .by_cause = {}};
  const std::string run = lab.scheduler->submit(workflow({spec}), {}).value();
  run_until(lab, [&] { return steps(lab, run, "a") == 1; });
  lab.world.crash(lab.world.living().front());
  lab.poll();
  ASSERT_EQ(lab.task(run, "a").attempts.size(), 2U);
  const std::string host = host_of(lab.state(run), lab.task(run, "a").attempts[1]).handle.host;
  const std::uint64_t before = lab.store.last_sequence();
  v1::HostReport stale;
  stale.mutable_attempt()->set_run(run);
  stale.mutable_attempt()->set_task(0);
  stale.mutable_attempt()->set_attempt(2);
  stale.mutable_attempt()->set_token(lab.task(run, "a").attempts[0].token);
  stale.set_sequence(1);
  stale.mutable_finished();
  lab.world.inject(host, stale);
  lab.poll();
  EXPECT_EQ(lab.store.last_sequence(), before);
  EXPECT_EQ(lab.task(run, "a").phase, TaskPhase::kRunning);
}

TEST(Scheduler, RefusesWhatTheMachineCanNeverRun) {
  Lab lab;
  StageSpec big = stage("big");
  big.resources.gpus = 1;
  const auto run = lab.scheduler->submit(workflow({big}), {});
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(run.error().message.find("big"), std::string::npos);
}

TEST(Scheduler, WhenIsAskedOnceTheStagesBeforeItEnded) {
  Lab lab;
  StageSpec bad = stage("bad");
  bad.params["fail"] = "error";
  StageSpec yes = stage("yes");
  yes.when = "stages.good.metrics.steps == 3 and stages.good.status == 'succeeded'";
  yes.after = {"good"};
  StageSpec no = stage("no");
  no.when = "stages.bad.status == 'succeeded'";
  no.after = {"bad"};
  StageSpec off = stage("off");
  off.enabled = false;
  StageSpec needs_off = stage("needs_off", {"off"});
  StageSpec after_off = stage("after_off");
  after_off.after = {"off"};
  const std::string run =
      lab.scheduler->submit(workflow({bad, stage("good"), yes, no, off, needs_off, after_off}), {})
          .value();
  lab.run_to_end(run);
  EXPECT_EQ(lab.task(run, "yes").phase, TaskPhase::kSucceeded);
  EXPECT_EQ(lab.task(run, "no").phase, TaskPhase::kSkipped);
  EXPECT_EQ(skip_cause(lab, run, "no"), "");
  EXPECT_EQ(lab.task(run, "off").phase, TaskPhase::kSkipped);
  EXPECT_EQ(skip_cause(lab, run, "needs_off"), "upstream_failed");
  EXPECT_EQ(lab.task(run, "after_off").phase, TaskPhase::kSucceeded);
}

TEST(Scheduler, ResumeWithAChangedParameterRunsItAndWhatFollowsAnew) {
  Lab lab;
  WorkflowSpec spec = workflow({stage("a"), stage("b", {"a"}), stage("c")});
  const std::string run = lab.scheduler->submit(spec, {}).value();
  lab.run_to_end(run);
  spec.stages[0].params["steps"] = 4;
  spec.stages[0].key_params["steps"] = 4;
  ASSERT_TRUE(
      lab.scheduler
          ->resume(run, {.workflow = spec, .from = {}, .accept_changed_plugins = false, .key = {}})
          .ok());
  lab.run_to_end(run);
  EXPECT_EQ(status(lab, run), "succeeded");
  EXPECT_EQ(lab.task(run, "a").attempts.size(), 2U);
  EXPECT_EQ(lab.task(run, "a").generation, 1);
  EXPECT_EQ(lab.task(run, "b").attempts.size(), 2U);
  EXPECT_EQ(lab.task(run, "c").attempts.size(), 1U);
  EXPECT_EQ(steps(lab, run, "a"), 3 + 4) << "no checkpoint of other parameters is used";
}

TEST(Scheduler, FullDiskHaltsItBeforeAnythingIsAcknowledged) {
  Lab lab;
  lab.store.crash_at(1, false);
  bool told = false;
  lab.scheduler->on_idle([&] { told = true; });
  const auto run = lab.scheduler->submit(workflow({stage("a")}), {});
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().code, ErrorCode::kIo);
  EXPECT_TRUE(lab.scheduler->failure());
  EXPECT_TRUE(lab.world.living().empty());
  EXPECT_TRUE(list_rows(lab.store)->empty());
  EXPECT_TRUE(told);
}

TEST(Scheduler, BecomesIdleWhenItsHostsAreGone) {
  Lab lab;
  int idle = 0;
  lab.scheduler->on_idle([&] { ++idle; });
  const std::string run = lab.scheduler->submit(workflow({stage("a")}), {}).value();
  EXPECT_FALSE(lab.scheduler->idle());
  lab.run_to_end(run);
  while (!lab.world.living().empty()) {
    for (const std::string& host : lab.world.living()) lab.world.act(host);
    lab.poll();
  }
  EXPECT_EQ(idle, 1);
  EXPECT_TRUE(lab.scheduler->idle());
}

TEST(View, HasTheShapeOfGet) {
  Lab lab;
  const std::string run = lab.scheduler->submit(workflow({stage("a")}), {}).value();
  lab.run_to_end(run);
  const RunState& state = *lab.scheduler->find(run);
  const json::object view = run_view(state, {.store_folder = "/store"});
  for (const char* key : {"id", "name", "workflow", "status", "created_at", "started_at",
                          "finished_at", "seed", "params", "stages"}) {
    EXPECT_TRUE(view.contains(key)) << key;
  }
  const json::object& first = view.at("stages").at(0).as_object();
  for (const char* key : {"name", "uses", "status", "attempts", "cached", "started_at",
                          "finished_at", "progress", "outputs", "metrics"}) {
    EXPECT_TRUE(first.contains(key)) << key;
  }
  EXPECT_TRUE(is_digest(std::string(first.at("outputs").at("out").at("digest").as_string())));
  EXPECT_EQ(first.at("metrics").at("steps").as_double(), 3.0);
  int events = 0;
  ASSERT_TRUE(replay_run(lab.store, run, 0,
                         [&](std::uint64_t sequence, const Event& event, const RunState& now) {
                           const json::object line = event_view(now, sequence, event);
                           EXPECT_TRUE(line.contains("type"));
                           if (event.has_attempt_started()) {
                             EXPECT_EQ(line.at("stage").as_string(), "a");
                           }
                           ++events;
                           return true;
                         })
                  .ok());
  EXPECT_GE(events, 5);
}

}  // namespace
}  // namespace cairn::testing
