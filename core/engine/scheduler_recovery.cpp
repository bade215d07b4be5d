#include "core/engine/scheduler_impl.h"

namespace cairn {

Result<RunState> Scheduler::Impl::load(const std::string& run) const {
  CAIRN_ASSIGN(RunState state, load_run(ports.store, run));
  if (state.quarantined) {
    return corrupt(*state.quarantined,
                   "the run cannot go on; start it anew: finished stages come from the cache");
  }
  return state;
}

Scheduler::Impl::Run& Scheduler::Impl::adopt_state(RunState state) {
  auto& slot = runs[state.id];
  slot = std::make_unique<Run>();
  slot->order = runs.size();
  slot->state = std::move(state);
  for (const TaskState& task : slot->state.tasks) {
    if (const AttemptState* attempt = live_attempt(task)) pool.take(attempt->limits);
  }
  return *slot;
}

void Scheduler::Impl::settle(Run& run) {
  for (std::size_t i = 0; i < run.state.tasks.size(); ++i) {
    drain_spool(run, i);
    const AttemptState* attempt = live_attempt(run.state.tasks[i]);
    if (attempt == nullptr) continue;
    if (!attempt->bound || !ports.executor.adopt(attempt->host)) {
      // What it wrote between the first look and its end.
      drain_spool(run, i);
      fail_attempt(run, i, cause::kNodeFailed, "its host ended while no engine was there");
      continue;
    }
    Host& host = hosts[attempt->host.host];
    host.handle = attempt->host;
    host.exists = true;
    host.run = &run;
    host.task = i;
    host.attempt = attempt->number;
    host.last_heard = ports.clock.monotonic();
    // The engine may have died between journal and assignment; a host that has it already
    // knows the token.
    v1::EngineCommand command;
    *command.mutable_assignment() = assignment(run, i);
    afterwards([this, name = attempt->host.host, command] { ports.link.send(name, command); });
  }
}

std::map<std::string, std::string> Scheduler::Impl::lost_artifacts(const RunState& state,
                                                                   bool set_aside) const {
  std::map<std::string, std::string> lost;
  for (std::size_t i = 0; i < state.tasks.size(); ++i) {
    if (state.tasks[i].phase != TaskPhase::kSucceeded) continue;
    for (const Artifact& output : state.tasks[i].outputs) {
      const auto verified = ports.artifacts.verify(output.digest());
      if (verified.ok()) continue;
      std::string message = "output " + output.name() + ": " + verified.error().message;
      if (set_aside && verified.error().code == ErrorCode::kCorrupt) {
        const auto moved = ports.artifacts.set_aside(output.digest());
        if (!moved.ok()) message += "; " + moved.error().to_string();
      }
      lost[state.spec->stages[i].name] = message;
    }
  }
  return lost;
}

Result<v1::RunResumed> Scheduler::Impl::preview(const std::string& id,
                                                const ResumeOptions& options) const {
  const WorkflowSpec* next = options.workflow ? &*options.workflow : nullptr;
  if (const auto served = runs.find(id); served != runs.end()) {
    const RunState& state = served->second->state;
    return plan_resume(state, lost_artifacts(state, false), next, options.from);
  }
  CAIRN_ASSIGN(RunState state, load(id));
  for (TaskState& task : state.tasks) {
    if (task.phase == TaskPhase::kRunning) task.phase = TaskPhase::kInterrupted;
  }
  return plan_resume(state, lost_artifacts(state, false), next, options.from);
}

Result<v1::RunResumed> Scheduler::Impl::resume(const std::string& id,
                                               const ResumeOptions& options) {
  const WorkflowSpec* next = options.workflow ? &*options.workflow : nullptr;
  const auto served = runs.find(id);
  if (served != runs.end() && served->second->state.status == RunStatus::kRunning) {
    return conflict("run " + id + " is running", "watch it: cairn watch " + id);
  }
  // What is wrong with the request is found before anything is changed.
  CAIRN_TRY(preview(id, options));
  if (next != nullptr) {
    for (const StageSpec& stage : next->stages) CAIRN_TRY(pool.check(stage));
  }
  Run* run = served != runs.end() ? served->second.get() : nullptr;
  if (run == nullptr) {
    CAIRN_ASSIGN(RunState state, load(id));
    run = &adopt_state(std::move(state));
    settle(*run);
  }
  CAIRN_ASSIGN(v1::RunResumed plan,
               plan_resume(run->state, lost_artifacts(run->state, true), next, options.from));
  // An interrupted run may have nothing to reopen and still stages that never began.
  if (run->state.unfinished == 0 && plan.reopened().empty()) {
    follow(*run, outstanding(run->state));  // its end, if that was not journaled yet
    return plan;
  }
  Event event;
  *event.mutable_run_resumed() = plan;
  emit(*run, std::move(event));
  return plan;
}

Result<void> Scheduler::Impl::recover(const std::string& id) {
  if (runs.contains(id)) return conflict("run " + id + " is served already");
  CAIRN_ASSIGN(RunState state, load(id));
  if (state.status != RunStatus::kRunning) return {};
  Run& run = adopt_state(std::move(state));
  settle(run);
  follow(run, outstanding(run.state));
  return {};
}

}  // namespace cairn
