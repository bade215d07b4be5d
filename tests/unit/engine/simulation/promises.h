// The promises of DESIGN §5, looked at after every durable event and before every command.
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "core/engine/view.h"
#include "tests/unit/engine/engine_harness.h"
#include "tests/unit/engine/simulation/shadow_store.h"
#include "tests/unit/engine/simulation/simulation.h"

namespace cairn::testing {

inline std::string word(TaskPhase phase, const Event& event) {
  std::string kind = Event::descriptor()->FindFieldByNumber(event.what_case())->name();
  if (event.has_attempt_finished()) {
    kind += event.attempt_finished().cause().empty() ? " success" : " failure";
  } else if (event.has_stop_requested()) {
    kind += " " + v1::StopRequested::Kind_Name(event.stop_requested().kind());
  } else if (event.has_approval_given()) {
    kind += event.approval_given().approved() ? " yes" : " no";
  }
  return std::string(phase == TaskPhase::kWaiting ? "waiting" : to_string(phase)) + " x " + kind;
}

// CAIRN_SIMULATION_TRACE=1: what happens, on standard error.
inline void trace(const std::string& what) {
  static const bool kTold = std::getenv("CAIRN_SIMULATION_TRACE") != nullptr;
  if (kTold) std::fprintf(stderr, "%s\n", what.c_str());
}

// One life's; the first that is broken stays in it.
class Promises {
 public:
  Promises(Lab& lab, ShadowStore& shadow, Life& life) : lab_(lab), shadow_(shadow), life_(life) {
    shadow.on_event = [this](const ShadowStore::Before& before, const Event& event,
                             const RunState& after) { look(before, event, after); };
    lab.world.on_command = [this](const std::string& host, const v1::EngineCommand& command) {
      trace("  to " + host + ": " + command.ShortDebugString());
      look(command);
    };
  }

  void broken(const std::string& what) {
    if (!life_.failure) life_.failure = what;
  }
  bool artifacts_lost = false;

  // What the engine believes is what the journal says.
  void compare(const RunState& believed) {
    const RunState* durable = shadow_.durable(believed.id);
    if (durable == nullptr) return broken("the engine believes in a run that is not on disk");
    const auto picture = [](const RunState& state) {
      std::string text = canonical_json(run_view(state, {})) + std::to_string(state.last_token);
      for (std::uint32_t i = 0; i < state.tasks.size(); ++i) {
        text +=
            canonical_json(explain_view(state, i, true, nullptr)) + to_string(state.tasks[i].phase);
      }
      return text;
    };
    if (const auto one = picture(*durable), other = picture(believed); one != other) {
      const auto at = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
      const auto from = static_cast<std::size_t>(at.first - one.begin());
      const std::size_t begin = from < 60 ? 0 : from - 60;
      broken("the engine believes what is not on disk: " + other.substr(begin, 120) +
             "\n  where the journal says " + one.substr(begin, 120));
    }
    if (const auto compared = load_run_and_compare(lab_.store, believed.id); !compared.ok()) {
      broken(compared.error().to_string());
    }
    const auto folded = load_run(lab_.store, believed.id);
    if (!folded.ok() || picture(*folded) != picture(*durable)) {
      broken("recovery yields another state than was durable");
    }
  }

 private:
  void look(const ShadowStore::Before& before, const Event& event, const RunState& state) {
    ++life_.events;
    trace(canonical_json(event_view(state, 0, event)));
    note(before, event, state);
    check_counts(state);
    check_limits(state);
    if (event.has_attempt_started() && before.stopped) broken("a stopped run started an attempt");
    if (event.has_attempt_finished() && event.attempt_finished().cause().empty()) {
      const TaskState& task = state.tasks[event.attempt_finished().task()];
      const std::string folder = task_folder(state, event.attempt_finished().task());
      if (!successes_.insert(folder).second && !artifacts_lost) {
        broken("a task succeeded twice: " + folder);
      }
      for (const Artifact& output : task.outputs) {
        const auto bytes = lab_.artifacts.read(output.digest());
        if (!bytes.ok() && !artifacts_lost) broken("an output that is not there");
        const auto& own = state.spec_of(task).params;
        if (output.name() == "out" && bytes.ok() &&
            bytes->find("\"name\":" + json::serialize(own.at("name"))) == std::string::npos) {
          broken("a host did another stage's work: " + folder + " made " + *bytes);
        }
      }
    }
    if (event.has_attempt_finished() && !event.attempt_finished().cause().empty()) {
      const TaskState& task = state.tasks[event.attempt_finished().task()];
      const TaskTrouble& trouble = task.misfortune();
      const bool again = task.phase == TaskPhase::kWaiting;
      if (again &&
          (trouble.failures >= state.spec_of(task).retry.max_attempts ||
           trouble.lost_hosts > kLostHostBudget) &&
          trouble.failures > 0) {
        broken("a task is tried more often than it may be");
      }
    }
    for (const std::string& violation : lab_.world.violations) broken(violation);
    for (const std::string& violation : shadow_.violations) broken(violation);
  }

  void note(const ShadowStore::Before& before, const Event& event, const RunState& state) {
    for (std::uint32_t i = 0; event.has_run_resumed() && i < state.tasks.size(); ++i) {
      const auto was = before.by_name.find(task_name(state, i));
      if (was != before.by_name.end() && was->second != state.tasks[i].phase) {
        ++life_.reached[word(was->second, event)];
      }
    }
    for (std::uint32_t i = 0; !event.has_run_resumed() && i < before.phases.size(); ++i) {
      const TaskPhase now = state.tasks[i].phase;
      const bool its_own = (event.has_attempt_started() && event.attempt_started().task() == i) ||
                           (event.has_attempt_running() && event.attempt_running().task() == i) ||
                           (event.has_checkpoint_noted() && event.checkpoint_noted().task() == i) ||
                           (event.has_attempt_finished() && event.attempt_finished().task() == i) ||
                           (event.has_attempt_returned() && event.attempt_returned().task() == i);
      if (now != before.phases[i] || its_own) ++life_.reached[word(before.phases[i], event)];
    }
    if (event.has_run_finished()) ++life_.reached["run ends " + event.run_finished().status()];
    if (event.has_run_resumed()) {
      ++life_.reached[std::string("run resumed ") + to_string(before.status)];
    }
    if (event.has_run_paused()) {
      ++life_.reached[event.run_paused().paused() ? "run paused" : "run unpaused"];
    }
    if (event.has_stage_expanded() && event.stage_expanded().error().empty()) {
      ++life_.reached["stage expanded"];
    }
    if (event.has_approval_asked()) ++life_.reached["approval asked"];
  }

  void check_counts(const RunState& state) {
    std::size_t running = 0;
    std::size_t unfinished = 0;
    std::vector<std::array<std::uint32_t, kTaskPhases>> phases(state.stages.size());
    for (const TaskState& task : state.tasks) {
      ++phases[task.stage][static_cast<std::size_t>(task.phase)];
      if (task.phase == TaskPhase::kRunning) ++running;
      if (!is_final(task.phase)) ++unfinished;
      for (std::size_t i = 0; i < task.attempts.size(); ++i) {
        const bool live = !task.attempts[i].finished_at;
        const bool last = i + 1 == task.attempts.size();
        if (live != (last && task.phase == TaskPhase::kRunning)) {
          broken("a task has a live attempt that is not its last, or none while it runs");
        }
      }
    }
    if (running != state.running || unfinished != state.unfinished) broken("tasks miscounted");
    for (std::size_t i = 0; i < phases.size(); ++i) {
      if (phases[i] != state.stages[i].in_phase) broken("a stage miscounts its tasks");
    }
    if (state.status != RunStatus::kRunning && state.running > 0) {
      broken("a run ended with tasks that run");
    }
  }

  void check_limits(const RunState& state) {
    std::map<std::uint32_t, const AttemptState*> hosts;
    std::map<std::string, int> pools;
    std::map<std::uint32_t, int> by_stage;
    for (const TaskState& task : state.tasks) {
      const AttemptState* attempt = live_attempt(task);
      if (attempt == nullptr) continue;
      hosts[attempt->host] = attempt;
      ++by_stage[task.stage];
      for (const auto& [name, units] : state.spec_of(task).resources.pools) pools[name] += units;
    }
    std::uint64_t cpus = 0;
    for (const auto& [number, attempt] : hosts) cpus += host_of(state, *attempt).limits.cpus();
    if (cpus > lab_.config.totals.cpus) broken("more processors are given than there are");
    check_together(state);
    for (const auto& [name, units] : pools) {
      if (units > state.spec->pools.at(name)) broken("more of a pool is given than there is");
    }
    const auto most = static_cast<std::size_t>(state.spec->max_parallel);
    if (most > 0 && state.running > most) broken("max_parallel of the run is broken");
    for (const auto& [stage, count] : by_stage) {
      const int limit = state.spec->stages[stage].max_parallel;
      if (limit > 0 && count > limit) broken("max_parallel of a stage is broken");
    }
  }

  // What all runs hold with hosts that live. Those that do not are yet to be given up by an engine;
  // those it did not write down before it died have no work.
  void check_together(const RunState& state) {
    std::vector<Held>& own = held_[state.id];
    own.clear();
    for (const TaskState& task : state.tasks) {
      const AttemptState* attempt = live_attempt(task);
      if (attempt == nullptr) continue;
      const HostState& host = host_of(state, *attempt);
      if (host.handle.executor.empty()) continue;
      const auto& units = state.spec_of(task).resources.pools;
      const auto licences = units.find("licence");
      own.push_back(
          {host.handle.host, host.limits.cpus(), licences == units.end() ? 0 : licences->second});
    }
    auto living = lab_.world.living();
    std::sort(living.begin(), living.end());
    std::map<std::string, std::uint64_t> cpus;
    int licences = 0;
    for (const auto& [run, all] : held_) {
      for (const Held& held : all) {
        const bool lives = std::binary_search(living.begin(), living.end(), held.host);
        if (!lives || lab_.world.haunts(held.host)) continue;
        cpus[held.host] = held.cpus;
        licences += held.licences;
      }
    }
    std::uint64_t sum = 0;
    std::string holders;
    for (const auto& [host, count] : cpus) {
      sum += count;
      holders += " " + host;
    }
    if (sum > lab_.config.totals.cpus)
      broken("runs together hold more processors than there are:" + holders);
    if (licences > lab_.config.totals.pools.at("licence"))
      broken("runs together hold more of a pool than there is");
  }

  // Nothing is started, and nothing acknowledged, that is not durable.
  void look(const v1::EngineCommand& command) {
    if (!command.has_assignment()) return;
    const v1::AttemptId& id = command.assignment().attempt();
    const RunState* state = shadow_.durable(id.run());
    if (state == nullptr || id.task() >= state->tasks.size()) {
      return broken("work was sent out that is not in the journal");
    }
    const AttemptState* attempt = live_attempt(state->tasks[id.task()]);
    if (attempt == nullptr || attempt->token != id.token()) {
      broken("work was sent out that is not in the journal");
    } else if (host_of(*state, *attempt).handle.executor.empty()) {
      broken("work was sent to a host before the journal knew it");
    }
  }

  Lab& lab_;
  ShadowStore& shadow_;
  Life& life_;
  std::set<std::string> successes_;
  struct Held {
    std::string host;
    std::uint64_t cpus = 0;
    int licences = 0;
  };
  std::map<std::string, std::vector<Held>> held_;  // by run
};

}  // namespace cairn::testing
