// What a state asks for, stage by stage; step() and outstanding() are made from it.
#include <algorithm>

#include "core/engine/stepper.h"

namespace cairn {
namespace {

struct Readiness {
  bool ready = false;
  std::string blocked_by;  // not empty: it can never run
  bool unneeded = false;   // a handler of failures that did not happen
};

bool lost(const StageState& stage) {
  return stage.in(TaskPhase::kFailed) > 0 || stage.in(TaskPhase::kCancelled) > 0 ||
         (stage.in(TaskPhase::kSkipped) > 0 && stage.cause == cause::kUpstreamFailed);
}

bool is_one_of(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Data needs success. Mere order is content with a stage that was skipped by its own `when`; a
// stage with a `when` judges the end of those before it by itself. A handler waits for the end of
// what it handles, whatever that is.
Readiness readiness(const RunState& state, std::uint32_t stage) {
  const StageSpec& spec = state.spec->stages[stage];
  Readiness result{.ready = true, .blocked_by = {}};
  bool failed = false;
  for (const std::uint32_t need : state.needs[stage]) {
    const StageState& earlier = state.stages[need];
    const std::string& name = state.spec->stages[need].name;
    const bool handled = is_one_of(spec.handles, name);
    failed = failed || (handled && earlier.in(TaskPhase::kFailed) > 0);
    if (!earlier.settled()) result.ready = false;
    if (handled) continue;
    const bool ordered = is_one_of(spec.after, name);
    bool data = spec.foreach && spec.foreach->list.stage == name;
    for (const auto& [port, references] : spec.inputs) {
      for (const OutputRef& reference : references) data = data || reference.stage == name;
    }
    const bool blocks = (data && (lost(earlier) || earlier.in(TaskPhase::kSkipped) > 0)) ||
                        (ordered && lost(earlier) && !spec.when);
    if (blocks) return {.ready = false, .blocked_by = name};
  }
  result.unneeded = result.ready && !spec.handles.empty() && !failed;
  return result;
}

Record skip(std::uint32_t stage, const std::string& cause, const std::string& message) {
  Record record;
  v1::StageSkipped* skipped = record.event.mutable_stage_skipped();
  skipped->set_stage(stage);
  skipped->set_cause(cause);
  skipped->set_message(message);
  return record;
}

const char* status_word(const StageState& stage) {
  if (stage.in(TaskPhase::kFailed) > 0) return "failed";
  if (stage.in(TaskPhase::kCancelled) > 0) return "cancelled";
  return "skipped";
}

// The stage is at its place in the order: what stands between it and its tasks?
void add_ready(const RunState& state, std::uint32_t stage, std::vector<Command>& commands) {
  const StageSpec& spec = state.spec->stages[stage];
  const StageState& found = state.stages[stage];
  if (!spec.enabled) {
    commands.emplace_back(skip(stage, "", "its `when` is false"));
  } else if (spec.when && !found.when_value) {
    commands.emplace_back(EvaluateWhen{stage});
  } else if (spec.when && !*found.when_value) {
    commands.emplace_back(skip(stage, "", "its `when` is false: " + *spec.when));
  } else if (spec.approval && !found.approved) {
    if (found.approval_asked) return;
    Record record;
    record.event.mutable_approval_asked()->set_stage(stage);
    commands.emplace_back(record);
  } else if (!found.expanded) {
    commands.emplace_back(ExpandStage{stage});
  } else {
    commands.emplace_back(StartStage{stage});
  }
}

}  // namespace

void add_commands(const RunState& state, std::uint32_t stage, std::vector<Command>& commands) {
  const StageState& found = state.stages[stage];
  if (state.stop) return;
  if (state.spec->fail_fast && found.in(TaskPhase::kFailed) > 0) {
    Record record;
    record.event.mutable_stop_requested()->set_kind(v1::StopRequested::FAIL_FAST);
    commands.emplace_back(record);
    return;
  }
  if (found.in(TaskPhase::kWaiting) == 0) return;
  const Readiness readied = readiness(state, stage);
  if (!readied.blocked_by.empty()) {
    const StageState& blocker = state.stages[*state.find_stage(readied.blocked_by)];
    commands.emplace_back(skip(stage, cause::kUpstreamFailed,
                               "stage " + readied.blocked_by + " " + status_word(blocker)));
  } else if (readied.unneeded) {
    commands.emplace_back(skip(stage, "", "nothing failed that it handles"));
  } else if (readied.ready) {
    add_ready(state, stage, commands);
  }
}

bool is_open(const RunState& state, std::uint32_t stage) {
  std::vector<Command> commands;
  add_commands(state, stage, commands);
  return commands.size() == 1 && std::holds_alternative<StartStage>(commands[0]);
}

namespace {

bool any(const RunState& state, TaskPhase phase) {
  return std::any_of(state.stages.begin(), state.stages.end(),
                     [&](const StageState& stage) { return stage.in(phase) > 0; });
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
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) add_commands(state, i, commands);
  if (state.stop && state.running > 0) commands.emplace_back(StopAttempts{});
  add_finish(state, commands);
  return commands;
}

bool may_start(const RunState& state, std::uint32_t task) {
  return state.status == RunStatus::kRunning && !state.stop && !state.paused &&
         state.tasks[task].phase == TaskPhase::kWaiting;
}

bool still_wanted(const RunState& state, const Command& command) {
  if (state.status != RunStatus::kRunning) return false;
  const auto waits = [&](std::uint32_t stage) {
    return !state.stop && state.stages[stage].in(TaskPhase::kWaiting) > 0;
  };
  if (const auto* when = std::get_if<EvaluateWhen>(&command)) {
    return waits(when->stage) && !state.stages[when->stage].when_value;
  }
  if (const auto* expand = std::get_if<ExpandStage>(&command)) {
    return waits(expand->stage) && !state.stages[expand->stage].expanded;
  }
  if (const auto* start = std::get_if<StartStage>(&command)) return waits(start->stage);
  if (const auto* start = std::get_if<StartTask>(&command)) {
    return !state.stop && state.tasks[start->task].phase == TaskPhase::kWaiting;
  }
  if (std::holds_alternative<StopAttempts>(command)) return state.stop && state.running > 0;
  const Event& event = std::get<Record>(command).event;
  if (event.has_stage_skipped()) return waits(event.stage_skipped().stage());
  if (event.has_approval_asked()) {
    const std::uint32_t stage = event.approval_asked().stage();
    return waits(stage) && !state.stages[stage].approval_asked;
  }
  if (event.has_stop_requested()) return !state.stop;
  return true;
}

}  // namespace cairn
