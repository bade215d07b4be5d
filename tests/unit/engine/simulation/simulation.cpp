#include "tests/unit/engine/simulation/simulation.h"

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "core/engine/view.h"
#include "tests/unit/engine/engine_harness.h"
#include "tests/unit/engine/simulation/company.h"
#include "tests/unit/engine/simulation/promises.h"
#include "tests/unit/engine/simulation/random_workflow.h"
#include "tests/unit/engine/simulation/shadow_store.h"

namespace cairn::testing {
namespace {

constexpr int kActions = 2500;
constexpr int kDisturbances = 14;

struct Outcome {
  RunStatus status = RunStatus::kRunning;
  std::map<std::string, std::string> phases;   // by task
  std::map<std::string, std::string> outputs;  // bytes of what succeeded, by task and output
};

Outcome outcome_of(const RunState& state, MemoryArtifacts& artifacts) {
  Outcome outcome{.status = state.status, .phases = {}, .outputs = {}};
  for (std::uint32_t i = 0; i < state.tasks.size(); ++i) {
    const std::string name = task_name(state, i);
    outcome.phases[name] = to_string(state.tasks[i].phase);
    for (const Artifact& output : state.tasks[i].outputs) {
      outcome.outputs[name + "." + output.name()] =
          artifacts.read(output.digest()).value_or("lost");
    }
  }
  return outcome;
}

std::string explain(const RunState& state) {
  std::string text = to_string(state.status);
  for (std::uint32_t i = 0; i < state.tasks.size(); ++i) {
    const StageSpec& spec = state.spec_of(state.tasks[i]);
    text += "\n  " + task_name(state, i) + " " + to_string(state.tasks[i].phase) + " " +
            canonical_json(explain_view(state, i, true, nullptr).at("because")) +
            canonical_json(json::value_from(spec.after)) +
            canonical_json(json::value_from(spec.handles)) + canonical_json(spec.params);
  }
  return text;
}

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed)
      : random_(seed, "simulation"), drawn_(draw_workflow(random_)) {}

  Life run() {
    const Outcome expected = calm();
    if (life_.failure) return life_;
    lab_.journal = &shadow_;
    promises_ = std::make_unique<Promises>(lab_, shadow_, life_);
    lab_.world.prompt = false;
    lab_.config.snapshot_events = 3;
    lab_.config.keep_warm = random_.below(2) == 0;
    lab_.config.totals.pools = {{"licence", 2}};
    lab_.start();
    for (int action = 0; action < kActions && !life_.failure && !over_; ++action) {
      turn(expected);
      if (action % 400 == 0) compare();
    }
    settle(expected);
    if (!life_.failure) check_end(expected);
    return life_;
  }

 private:
  // The same workflow, left in peace.
  Outcome calm() {
    Lab lab;
    const std::string run = lab.scheduler->submit(drawn_.spec, {}).value();
    for (int i = 0; i < 50; ++i) {
      answer(lab, run);
      lab.run_calmly(run);
      if (lab.state(run).status != RunStatus::kRunning) break;
    }
    life_.tasks = static_cast<int>(lab.state(run).tasks.size());
    if (lab.state(run).status == RunStatus::kRunning) {
      life_.failure =
          "left in peace it never ends: " + explain(lab.state(run)) + lab.world.describe();
    }
    return outcome_of(lab.state(run), lab.artifacts);
  }

  void answer(Lab& lab, const std::string& run) {
    const RunState* state = lab.scheduler->find(run);
    if (state == nullptr) return;
    for (std::uint32_t i = 0; i < state->stages.size(); ++i) {
      const StageState& stage = state->stages[i];
      if (stage.approval_asked && !stage.approved && stage.in(TaskPhase::kWaiting) > 0) {
        (void)lab.scheduler->approve(run, state->spec->stages[i].name, !drawn_.rejects, "somebody");
        return;
      }
    }
  }

  void compare() {
    if (!lab_.scheduler || lab_.scheduler->failure() || run_.empty()) return;
    if (lab_.scheduler->stall()) return;
    for (const std::string& run : {run_, company_.run()}) {
      if (const RunState* state = lab_.scheduler->find(run)) promises_->compare(*state);
    }
  }

  [[nodiscard]] std::vector<std::string> unfinished_runs() const {
    std::vector<std::string> runs;
    const auto rows = list_rows(shadow_);
    for (const RunRow& row : rows.ok() ? *rows : std::vector<RunRow>()) {
      if (row.status == "running") runs.push_back(row.id);
    }
    return runs;
  }

  void revive() {
    trace("  a new engine");
    for (const std::string& host : lab_.world.living()) {
      if (random_.below(4) == 0) {
        lab_.world.crash(host);
      } else {
        for (std::uint64_t i = random_.below(3); i > 0; --i) lab_.world.act(host);
      }
    }
    lab_.start();
    if (disturbed_ < kDisturbances && random_.below(2) == 0) {
      lab_.store.crash_at(1 + random_.below(20), random_.below(2) == 0);
      ++disturbed_;
    }
    const auto unfinished = unfinished_runs();
    if (!run_.empty() && random_.below(2) == 0) {
      (void)lab_.scheduler->hold_for_others();
      (void)lab_.scheduler->resume(run_, {});  // a command's own engine
    } else if (!unfinished.empty()) {
      const auto left = lab_.scheduler->recover(unfinished);
      if (left.ok() && !left->empty()) promises_->broken(left->begin()->second.to_string());
    }
    if (lab_.scheduler->failure()) return;
    const bool all = std::all_of(unfinished.begin(), unfinished.end(), [&](const auto& run) {
      return lab_.scheduler->find(run) != nullptr;
    });
    if (all && random_.below(2) == 0) (void)lab_.scheduler->remove_dead_hosts();
    lab_.world.attach_all();
  }

  void turn(const Outcome& expected) {
    if (lab_.scheduler && lab_.scheduler->failure()) {
      if (lab_.scheduler->failure()->code == ErrorCode::kInternal) {
        return promises_->broken(lab_.scheduler->failure()->to_string());
      }
      lab_.kill_engine();
      ++life_.crashes;
    }
    if (!lab_.scheduler) revive();
    if (lab_.scheduler->failure()) return;
    if (run_.empty()) {
      // Not acknowledged: it need not be there, and is asked for again.
      SubmitOptions options;
      options.request_id = "the one";
      const auto submitted = lab_.scheduler->submit(drawn_.spec, options);
      if (!submitted.ok()) return;
      run_ = *submitted;
      if (lab_.scheduler->find(run_) == nullptr) (void)lab_.scheduler->recover({run_});
      return;
    }
    if (lab_.world.refuse_starts && random_.below(4) == 0) lab_.world.refuse_starts = false;
    const RunState* state = lab_.scheduler->find(run_);
    if (state == nullptr || state->status != RunStatus::kRunning) {
      const RunState* durable = shadow_.durable(run_);
      if (durable != nullptr && matches(*durable, expected)) {
        over_ = true;
        return;
      }
      (void)lab_.scheduler->resume(run_, {});
      lab_.poll();
      return;
    }
    if (random_.below(30) == 0) company_.move();
    if (lab_.scheduler->failure()) return;
    if (random_.below(100) < 88 || disturbed_ >= kDisturbances) {
      go_on();
    } else {
      ++disturbed_;
      disturb();
    }
    if (lab_.scheduler) lab_.poll();
  }

  void go_on() {
    const auto hosts = lab_.world.living();
    const std::uint64_t choice = random_.below(100);
    if (choice < 60 && !hosts.empty()) {
      lab_.world.act(hosts[random_.below(hosts.size())]);
    } else if (choice < 85 && !hosts.empty()) {
      lab_.world.deliver(hosts[random_.below(hosts.size())], 1 + random_.below(6));
    } else if (choice < 90) {
      answer(lab_, run_);
    } else {
      for (const std::string& host : hosts) lab_.world.beat(host);
      lab_.poll();
      lab_.clock.advance(Duration(static_cast<std::int64_t>(random_.below(8'000))));
      lab_.scheduler->tick();
    }
  }

  void disturb() {
    const auto hosts = lab_.world.living();
    const std::string host = hosts.empty() ? "" : hosts[random_.below(hosts.size())];
    const std::uint64_t kind = random_.below(19);
    trace("  disturbance " + std::to_string(kind) + " " + host);
    switch (kind) {
      case 0:
      case 1:
        lab_.world.crash(host, random_.below(4) == 0);
        ++life_.crashes;
        break;
      case 2:
        lab_.world.hang(host);
        break;
      case 3:
        lab_.world.haunt(host);
        break;
      case 4:
      case 5:
        lab_.kill_engine();
        ++life_.crashes;
        break;
      case 6:
        lab_.world.power_cut();
        lab_.scheduler.reset();
        ++life_.crashes;
        break;
      case 7:
        lab_.world.reconnect(host);
        break;
      case 8:
        lab_.world.double_last(host);
        break;
      case 9:
        lab_.world.swap_last(host);
        break;
      case 10:
        lab_.scheduler->interrupt_all();
        break;
      case 11:
        (void)lab_.scheduler->pause(run_, true);
        break;
      case 12:
        (void)lab_.scheduler->cancel(run_);
        break;
      case 13:
        lab_.clock.jump(std::chrono::hours(random_.below(2) == 0 ? 1 : -1));
        break;
      case 14:
        full_ = true;
        lab_.store.fill_disk_at(1 + random_.below(4));
        break;
      case 15:
        lab_.store.crash_at(1 + random_.below(12), random_.below(2) == 0);
        break;
      case 16:
        lose_artifact();
        break;
      case 17:
        lab_.world.refuse_starts = !lab_.world.refuse_starts;
        break;
      default:
        lab_.clock.advance(Duration(static_cast<std::int64_t>(random_.below(150'000))));
        lab_.scheduler->tick();
        break;
    }
    if (lab_.scheduler && random_.below(2) == 0) (void)lab_.scheduler->pause(run_, false);
    if (full_ && random_.below(3) == 0) free_space();
  }

  void free_space() {
    lab_.store.free_space();
    full_ = false;
  }

  void lose_artifact() {
    const RunState* state = shadow_.durable(run_);
    if (state == nullptr) return;
    for (const TaskState& task : state->tasks) {
      if (task.outputs.empty() || random_.below(3) != 0) continue;
      promises_->artifacts_lost = lab_.world.forgives_repeats = true;
      if (random_.below(2) == 0) {
        lab_.artifacts.lose(task.outputs[0].digest());
      } else {
        lab_.artifacts.damage(task.outputs[0].digest());
      }
      return;
    }
  }

  // No more trouble: it must come to the end it would have come to.
  void settle(const Outcome& expected) {
    lab_.world.refuse_starts = false;
    lab_.world.prompt = true;
    free_space();
    for (int i = 0; i < 60 && !life_.failure && !over_; ++i) {
      if (lab_.scheduler && lab_.scheduler->failure()) lab_.kill_engine();
      if (!lab_.scheduler) {
        lab_.start();
        if (!run_.empty()) (void)lab_.scheduler->resume(run_, {});
        lab_.world.attach_all();
      }
      lab_.store.revive();
      if (run_.empty()) {
        SubmitOptions options;
        options.request_id = "the one";
        const auto submitted = lab_.scheduler->submit(drawn_.spec, options);
        if (submitted.ok()) run_ = *submitted;
        continue;
      }
      lab_.clock.advance(Duration(2'000));
      lab_.scheduler->tick();
      lab_.poll();
      // Somebody looks after the others, too: hosts that hang hold what this one needs.
      if (!company_.run().empty() && lab_.scheduler->find(company_.run()) == nullptr)
        (void)lab_.scheduler->recover({company_.run()});
      if (lab_.scheduler->find(run_) == nullptr ||
          lab_.scheduler->find(run_)->status != RunStatus::kRunning) {
        const RunState* durable = shadow_.durable(run_);
        if (durable != nullptr && matches(*durable, expected)) break;
        (void)lab_.scheduler->resume(run_, {});
        continue;
      }
      (void)lab_.scheduler->pause(run_, false);
      answer(lab_, run_);
      lab_.run_calmly(run_);
    }
    compare();
  }

  [[nodiscard]] bool matches(const RunState& state, const Outcome& expected) {
    // A handler that ran after a crash may lead to a stage that fails and in peace never ran.
    const bool either =
        drawn_.history_matters && drawn_.may_fail &&
        (state.status == RunStatus::kSucceeded || state.status == RunStatus::kFailed);
    if (state.status != expected.status && !either) return false;
    const Outcome outcome = outcome_of(state, lab_.artifacts);
    return drawn_.history_matters || outcome.phases == expected.phases;
  }

  void check_end(const Outcome& expected) {
    const RunState* state = shadow_.durable(run_);
    if (state == nullptr) return promises_->broken("the run is gone");
    const Outcome outcome = outcome_of(*state, lab_.artifacts);
    if (!matches(*state, expected)) {
      std::string peace = std::string("\n  in peace it ended ") + to_string(expected.status) + ":";
      for (const auto& [name, phase] : expected.phases) peace.append(" " + name + " " + phase);
      promises_->broken("it ends otherwise than in peace: " + explain(*state) +
                        lab_.world.describe() + peace);
    }
    for (const auto& [name, bytes] : outcome.outputs) {
      const auto other = expected.outputs.find(name);
      if (other != expected.outputs.end() && bytes != "lost" && other->second != bytes) {
        promises_->broken("output " + name + " has other bytes than in peace: " + bytes +
                          "  instead of " + other->second);
      }
    }
  }

  RandomStream random_;
  DrawnWorkflow drawn_;
  Life life_;
  Lab lab_;
  ShadowStore shadow_{lab_.store};
  Company company_{lab_, random_};
  std::unique_ptr<Promises> promises_;
  std::string run_;
  int disturbed_ = 0;
  bool full_ = false;
  bool over_ = false;
};

}  // namespace

Life live_through(std::uint64_t seed) {
  return Simulation(seed).run();
}

const std::map<std::string, std::string>& all_pairs() {
  static const std::map<std::string, std::string> kPairs = {
      {"waiting x when_evaluated", "its condition cannot be evaluated"},
      {"waiting x stage_skipped", "its condition is false, or what it needs failed"},
      {"waiting x approval_given no", "a person refused"},
      {"waiting x task_reused", "its result is known"},
      {"waiting x attempt_started", "it starts"},
      {"waiting x stop_requested CANCEL", "cancelled before it began"},
      {"waiting x stop_requested FAIL_FAST", "another stage failed"},
      {"waiting x stage_expanded", "a list without items is done"},
      {"running x attempt_running", "the stage began"},
      {"running x checkpoint_noted", "a checkpoint is durable"},
      {"running x attempt_finished success", "it succeeded"},
      {"running x attempt_finished failure", "it failed, is tried again, or was stopped"},
      {"running x attempt_returned", "it never began and goes back"},
      {"succeeded x run_resumed", "its result was lost, or what it needs is made anew"},
      {"failed x run_resumed", "tried again by resume"},
      {"cancelled x run_resumed", "taken up again"},
      {"skipped x run_resumed", "taken up again"},
      {"interrupted x run_resumed", "taken up again"},
      {"run ends succeeded", ""},
      {"run ends failed", ""},
      {"run ends cancelled", ""},
      {"run ends interrupted", ""},
      {"run resumed running", "by the next engine"},
      {"run resumed failed", ""},
      {"run resumed cancelled", ""},
      {"run resumed interrupted", ""},
      {"run resumed succeeded", "a result was lost"},
      {"run paused", ""},
      {"run unpaused", ""},
      {"stage expanded", ""},
      {"approval asked", ""},
  };
  return kPairs;
}

}  // namespace cairn::testing
