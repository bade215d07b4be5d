#include "core/engine/commands.h"

#include <algorithm>

namespace cairn {
namespace {

struct Readiness {
  bool ready = false;
  std::string blocked_by;  // not empty: it can never run
};

bool failed_for_good(const TaskState& task) {
  return task.phase == TaskPhase::kFailed || task.phase == TaskPhase::kCancelled ||
         (task.phase == TaskPhase::kSkipped && task.cause == cause::kUpstreamFailed);
}

// Data needs success. Mere order is content with a stage that was skipped by its own `when`; a
// stage with a `when` judges the end of those before it by itself.
Readiness readiness(const RunState& state, std::size_t task) {
  const StageSpec& stage = state.spec->stages[task];
  Readiness result{.ready = true, .blocked_by = {}};
  for (const auto& [port, references] : stage.inputs) {
    for (const OutputRef& reference : references) {
      const TaskState& producer = state.tasks[*state.find(reference.stage)];
      if (failed_for_good(producer) || producer.phase == TaskPhase::kSkipped) {
        return {.ready = false, .blocked_by = reference.stage};
      }
      if (producer.phase != TaskPhase::kSucceeded) result.ready = false;
    }
  }
  for (const std::string& name : stage.after) {
    const TaskState& earlier = state.tasks[*state.find(name)];
    if (failed_for_good(earlier) && !stage.when) return {.ready = false, .blocked_by = name};
    if (!is_final(earlier.phase) || earlier.phase == TaskPhase::kInterrupted) {
      result.ready = false;
    }
  }
  return result;
}

Record skip(const StageSpec& stage, const std::string& cause, const std::string& message) {
  Record record;
  v1::TaskSkipped* skipped = record.event.mutable_task_skipped();
  skipped->set_task(stage.name);
  skipped->set_cause(cause);
  skipped->set_message(message);
  return record;
}

void add_waiting(const RunState& state, std::size_t task, std::vector<Command>& commands) {
  const StageSpec& stage = state.spec->stages[task];
  const Readiness found = readiness(state, task);
  if (!found.blocked_by.empty()) {
    const TaskState& blocker = state.tasks[*state.find(found.blocked_by)];
    commands.emplace_back(skip(stage, cause::kUpstreamFailed,
                               "stage " + found.blocked_by + " " + to_string(blocker.phase)));
  } else if (!found.ready) {
    return;
  } else if (!stage.enabled) {
    commands.emplace_back(skip(stage, "", "its `when` is false"));
  } else if (stage.when && !state.tasks[task].when_value) {
    commands.emplace_back(EvaluateWhen{task});
  } else if (stage.when && !*state.tasks[task].when_value) {
    commands.emplace_back(skip(stage, "", "its `when` is false: " + *stage.when));
  } else {
    commands.emplace_back(CheckCache{task});
  }
}

}  // namespace

void add_commands(const RunState& state, std::size_t task, std::vector<Command>& commands) {
  switch (state.tasks[task].phase) {
    case TaskPhase::kWaiting:
      if (!state.stop) add_waiting(state, task, commands);
      break;
    case TaskPhase::kQueued:
      if (!state.stop) commands.emplace_back(StartAttempt{task});
      break;
    case TaskPhase::kRunning:
      if (state.stop) commands.emplace_back(StopAttempt{task});
      break;
    case TaskPhase::kFailed:
      if (state.spec->fail_fast && !state.stop) {
        Record record;
        record.event.mutable_stop_requested()->set_kind(v1::StopRequested::FAIL_FAST);
        commands.emplace_back(record);
      }
      break;
    default:
      break;
  }
}

namespace {

bool any(const RunState& state, TaskPhase phase) {
  return std::any_of(state.tasks.begin(), state.tasks.end(),
                     [&](const TaskState& task) { return task.phase == phase; });
}

RunStatus final_status(const RunState& state) {
  if (state.stop == v1::StopRequested::INTERRUPT &&
      (state.unfinished > 0 || any(state, TaskPhase::kInterrupted))) {
    return RunStatus::kInterrupted;
  }
  if (state.stop == v1::StopRequested::CANCEL && any(state, TaskPhase::kCancelled)) {
    return RunStatus::kCancelled;
  }
  return any(state, TaskPhase::kFailed) ? RunStatus::kFailed : RunStatus::kSucceeded;
}

}  // namespace

void add_finish(const RunState& state, std::vector<Command>& commands) {
  if (state.running > 0) return;
  if (state.unfinished > 0 && state.stop != v1::StopRequested::INTERRUPT) return;
  Record record;
  record.event.mutable_run_finished()->set_status(to_string(final_status(state)));
  commands.emplace_back(record);
}

std::vector<Command> outstanding(const RunState& state) {
  std::vector<Command> commands;
  if (state.status != RunStatus::kRunning) return commands;
  for (std::size_t i = 0; i < state.tasks.size(); ++i) add_commands(state, i, commands);
  add_finish(state, commands);
  return commands;
}

bool still_wanted(const RunState& state, const Command& command) {
  const auto in = [&](std::size_t task, TaskPhase phase) {
    return state.status == RunStatus::kRunning && state.tasks[task].phase == phase;
  };
  if (const auto* when = std::get_if<EvaluateWhen>(&command)) {
    return in(when->task, TaskPhase::kWaiting) && !state.tasks[when->task].when_value;
  }
  if (const auto* check = std::get_if<CheckCache>(&command)) {
    return in(check->task, TaskPhase::kWaiting) && !state.stop;
  }
  if (const auto* start = std::get_if<StartAttempt>(&command)) {
    return in(start->task, TaskPhase::kQueued) && !state.stop;
  }
  if (const auto* stop = std::get_if<StopAttempt>(&command)) {
    return in(stop->task, TaskPhase::kRunning) && state.stop;
  }
  const Event& event = std::get<Record>(command).event;
  if (event.has_task_skipped()) {
    return in(*state.find(event.task_skipped().task()), TaskPhase::kWaiting) && !state.stop;
  }
  if (event.has_stop_requested()) return state.status == RunStatus::kRunning && !state.stop;
  return state.status == RunStatus::kRunning;
}

}  // namespace cairn
