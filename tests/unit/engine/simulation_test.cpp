// Random workflows under random deaths, hundreds of seeds, all promises checked after each action.
#include "core/engine/view.h"
#include "tests/unit/engine/engine_harness.h"

namespace cairn::testing {
namespace {

WorkflowSpec random_workflow(RandomStream& random) {
  std::vector<StageSpec> stages;
  const std::uint64_t count = 2 + random.below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::vector<std::string> inputs;
    for (std::uint64_t j = 0; j < i; ++j) {
      if (random.below(3) == 0) inputs.push_back("s" + std::to_string(j));
    }
    StageSpec spec = stage("s" + std::to_string(i), inputs, static_cast<int>(random.below(6)));
    spec.random = random.below(2) == 0;
    spec.fresh_host = random.below(3) == 0;
    spec.resources.cpus = 1 + static_cast<int>(random.below(3));
    spec.retry.max_attempts = 1 + static_cast<int>(random.below(3));
    stages.push_back(spec);
  }
  WorkflowSpec spec = workflow(std::move(stages));
  spec.max_parallel = static_cast<int>(random.below(3));
  return spec;
}

std::map<std::string, std::string> digests(const RunState& state) {
  std::map<std::string, std::string> result;
  for (std::size_t i = 0; i < state.tasks.size(); ++i) {
    for (const Artifact& output : state.tasks[i].outputs) {
      result[state.spec->stages[i].name + "." + output.name()] = output.digest();
    }
  }
  return result;
}

std::string picture(const RunState& state) {
  std::string text;
  for (std::size_t i = 0; i < state.tasks.size(); ++i) {
    json::object view = explain_view(state, i, true, nullptr);
    view["phase"] = static_cast<int>(state.tasks[i].phase);
    view["spool"] =
        state.tasks[i].attempts.empty() ? 0 : state.tasks[i].attempts.back().spool_sequence;
    text += canonical_json(view) + "\n";
  }
  return text + canonical_json(run_view(state, {})) + std::to_string(state.last_token);
}

void check_invariants(Lab& lab, const RunState& state) {
  std::uint64_t cpus = 0;
  std::size_t running = 0;
  for (const TaskState& task : state.tasks) {
    for (std::size_t i = 0; i < task.attempts.size(); ++i) {
      const bool live = !task.attempts[i].finished_at;
      const bool last = i + 1 == task.attempts.size();
      ASSERT_EQ(live, last && task.phase == TaskPhase::kRunning) << "one live attempt, the last";
      if (live) cpus += task.attempts[i].limits.cpus();
      if (live) ++running;
    }
    if (task.phase == TaskPhase::kSucceeded) {
      for (const Artifact& output : task.outputs) {
        ASSERT_TRUE(lab.artifacts.contains(output.digest())) << "visible only when complete";
      }
    }
  }
  ASSERT_LE(cpus, lab.config.totals.cpus);
  ASSERT_EQ(running, state.running);
  if (state.spec->max_parallel > 0) {
    ASSERT_LE(running, static_cast<std::size_t>(state.spec->max_parallel));
  }
  ASSERT_EQ(lab.world.violations, std::vector<std::string>{});
  // Acknowledged means durable: what the engine believes is what the journal says.
  const RunState folded = load_run(lab.store, state.id).value();
  ASSERT_EQ(picture(folded), picture(state));
}

// A task succeeds once, unless its result was lost (never here).
void check_journal(Lab& lab, const std::string& run) {
  std::map<std::string, int> successes;
  std::uint64_t last = 0;
  const std::vector<JournalEvent> events = load_events(lab.store, run).value();
  for (const JournalEvent& entry : events) {
    ASSERT_GT(entry.sequence, last);
    last = entry.sequence;
    const Event& event = entry.event;
    if (event.has_attempt_started()) {
      ASSERT_EQ(successes[event.attempt_started().task()], 0) << "a finished stage ran again";
    }
    if (event.has_attempt_finished() && event.attempt_finished().cause().empty()) {
      ASSERT_EQ(++successes[event.attempt_finished().task()], 1);
    }
  }
}

void live_through(std::uint64_t seed) {
  RandomStream random(seed, "simulation");
  const WorkflowSpec spec = random_workflow(random);
  std::map<std::string, std::string> expected;
  {
    Lab calm;
    const std::string run = calm.scheduler->submit(spec, {}).value();
    calm.run_to_end(run);
    ASSERT_EQ(calm.scheduler->find(run)->status, RunStatus::kSucceeded);
    expected = digests(*calm.scheduler->find(run));
  }

  Lab lab;
  std::string run;
  std::int64_t disturbances = 0;
  for (int action = 0; action < 4000; ++action) {
    if (lab.scheduler && lab.scheduler->failure()) lab.kill_engine();
    if (!lab.scheduler) {
      for (const std::string& host : lab.world.living()) {
        if (random.below(3) == 0)
          lab.world.crash(host);
        else if (random.below(2) == 0)
          lab.world.act(host);
      }
      lab.start();
      if (random.below(2) == 0) lab.store.crash_at(1 + random.below(12), random.below(2) == 0);
      if (!run.empty()) {
        const bool as_server = random.below(2) == 0;
        if (as_server) {
          (void)lab.scheduler->recover(run);
        } else {
          (void)lab.scheduler->resume(run, {});
        }
        if (lab.scheduler->failure()) continue;
        lab.world.attach_all();
      }
    }
    if (run.empty()) {
      // Not acknowledged: it need not be there, and is asked for again.
      const auto submitted =
          lab.scheduler->submit(spec, {.name = {}, .seed = {}, .request_id = "the one"});
      if (!submitted.ok()) continue;
      run = *submitted;
      if (lab.scheduler->find(run) == nullptr) (void)lab.scheduler->recover(run);
      continue;
    }
    const RunState* state = lab.scheduler->find(run);
    if (state == nullptr || state->status != RunStatus::kRunning) {
      if (lab.scheduler->failure()) continue;
      // Ended before this engine came, or failed because a host died too often.
      const RunState stored = load_run(lab.store, run).value();
      if (stored.status == RunStatus::kSucceeded) break;
      ASSERT_NE(stored.status, RunStatus::kCancelled);
      (void)lab.scheduler->resume(run, {});
      continue;
    }
    const auto hosts = lab.world.living();
    const std::uint64_t choice = random.below(100);
    if (choice < 70 && !hosts.empty()) {
      lab.world.act(hosts[random.below(hosts.size())]);
    } else if (choice < 73 && !hosts.empty() && disturbances < 12) {
      lab.world.crash(hosts[random.below(hosts.size())]);
      ++disturbances;
    } else if (choice < 75 && disturbances < 12) {
      lab.kill_engine();
      ++disturbances;
      continue;
    } else if (choice < 76 && disturbances < 12) {
      lab.scheduler->interrupt_all();
      ++disturbances;
    } else if (choice < 80) {
      lab.clock.advance(Duration(static_cast<std::int64_t>(random.below(20'000))));
      lab.scheduler->tick();
    }
    lab.poll();
    if (lab.scheduler->failure()) continue;
    if (action % 4 == 0) {
      check_invariants(lab, *lab.scheduler->find(run));
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
  const RunState end = load_run(lab.store, run).value();
  ASSERT_EQ(end.status, RunStatus::kSucceeded) << canonical_json(run_view(end, {}));
  EXPECT_EQ(digests(end), expected);
  check_journal(lab, run);
  std::int64_t planned = 0;
  std::int64_t worked = 0;
  for (const StageSpec& each : spec.stages) planned += each.params.at("steps").to_number<int>();
  for (const auto& [name, steps] : lab.world.steps_worked) worked += steps;
  EXPECT_LE(worked, planned + lab.world.crashes_while_working * lab.world.checkpoint_every);
}

TEST(Simulation, EveryRunThatIsKilledAnywhereEndsAsIfItWasNot) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    live_through(seed);
    if (::testing::Test::HasFailure()) return;
  }
}

// The engine dies at each append of one run in turn, before it is durable and after.
TEST(Simulation, EngineMayDieAtEveryAppend) {
  const WorkflowSpec spec = workflow({stage("a"), stage("b", {"a"}), stage("c", {"a", "b"}, 5)});
  std::map<std::string, std::string> expected;
  for (std::uint64_t at = 0; at < 60; ++at) {
    for (const bool durable : {false, true}) {
      SCOPED_TRACE("append " + std::to_string(at) + (durable ? " durable" : " lost"));
      Lab lab;
      if (at > 0) lab.store.crash_at(at, durable);
      auto run = lab.scheduler->submit(spec, {.name = {}, .seed = {}, .request_id = "one"});
      if (run.ok()) lab.run_to_end(*run);
      if (lab.scheduler->failure()) {
        lab.kill_engine();
        for (const std::string& host : lab.world.living()) lab.world.act(host);
        lab.start();
        if (run.ok()) {
          ASSERT_TRUE(lab.scheduler->resume(*run, {}).ok());
        } else {
          run = lab.scheduler->submit(spec, {.name = {}, .seed = {}, .request_id = "one"});
          if (lab.scheduler->find(*run) == nullptr) {
            ASSERT_TRUE(lab.scheduler->recover(*run).ok());
          }
        }
        lab.world.attach_all();
        lab.run_to_end(*run);
      }
      const RunState end = load_run(lab.store, *run).value();
      ASSERT_EQ(end.status, RunStatus::kSucceeded) << canonical_json(run_view(end, {}));
      if (expected.empty()) expected = digests(end);
      ASSERT_EQ(digests(end), expected);
      ASSERT_EQ(list_rows(lab.store).value().size(), 1U);
      check_journal(lab, *run);
    }
  }
}

}  // namespace
}  // namespace cairn::testing
