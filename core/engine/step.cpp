#include "core/engine/step.h"

#include <algorithm>

#include "core/engine/layout.h"
#include "core/engine/stepper.h"

namespace cairn {
namespace {

bool stops_for_good(v1::StopRequested::Kind kind) {
  return kind != v1::StopRequested::INTERRUPT;
}

}  // namespace

Result<std::vector<Command>> Stepper::run() {
  CAIRN_TRY(apply());
  std::vector<Command> commands;
  if (state_.status != RunStatus::kRunning) return commands;
  if (touch_all_) return outstanding(state_);
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  for (const std::uint32_t stage : touched_) add_commands(state_, stage, commands);
  if (!state_.stop) {
    for (const std::uint32_t task : again_) {
      // What it needs may be made anew meanwhile: then it waits with its stage. Or it is needed no
      // more: then it is skipped.
      const std::uint32_t stage = state_.tasks[task].stage;
      if (is_open(state_, stage)) {
        commands.emplace_back(StartTask{task});
      } else {
        add_commands(state_, stage, commands);
      }
    }
  }
  add_finish(state_, commands);
  return commands;
}

Result<void> Stepper::apply() {
  if (event_.format() > kEventFormat) {
    return invalid_argument("the event has format " + std::to_string(event_.format()) +
                                ", newer than this build's " + std::to_string(kEventFormat),
                            "use the newer Cairn that wrote it");
  }
  if (event_.what_case() != Event::kRunCreated && !state_.spec) {
    return refuse("comes before the run was created");
  }
  switch (event_.what_case()) {
    case Event::kRunCreated:
      return apply(event_.run_created());
    case Event::kStopRequested:
      return apply(event_.stop_requested());
    case Event::kRunFinished:
      return apply(event_.run_finished());
    case Event::kRunResumed:
      return apply(event_.run_resumed());
    case Event::kRunPaused:
      return apply(event_.run_paused());
    case Event::kPriorityChanged:
      return apply(event_.priority_changed());
    case Event::kWhenEvaluated:
      return apply(event_.when_evaluated());
    case Event::kStageExpanded:
      return apply(event_.stage_expanded());
    case Event::kStageSkipped:
      return apply(event_.stage_skipped());
    case Event::kApprovalAsked:
      return apply(event_.approval_asked());
    case Event::kApprovalGiven:
      return apply(event_.approval_given());
    case Event::kTaskReused:
      return apply(event_.task_reused());
    case Event::kAttemptStarted:
      return apply(event_.attempt_started());
    case Event::kHostBound:
      return apply(event_.host_bound());
    case Event::kAttemptRunning:
      return apply(event_.attempt_running());
    case Event::kCheckpointNoted:
      return apply(event_.checkpoint_noted());
    case Event::kAttemptFinished:
      return apply(event_.attempt_finished());
    case Event::kAttemptReturned:
      return apply(event_.attempt_returned());
    case Event::WHAT_NOT_SET:
      break;
  }
  return refuse("is of no kind this build knows");
}

Result<void> Stepper::apply(const v1::RunCreated& created) {
  if (state_.spec) return refuse("creates a run that exists");
  CAIRN_ASSIGN(std::shared_ptr<const WorkflowSpec> spec, parse_workflow(created.workflow_json()));
  CAIRN_TRY(lay_out(state_, std::move(spec)));
  state_.id = created.run();
  state_.request_id = created.request_id();
  state_.priority = created.priority();
  state_.origin = created.origin();
  state_.environment_json = created.environment_json();
  state_.traceparent = created.traceparent();
  state_.created_at = now();
  if (!created.origin().run().empty() && !created.origin().fork()) {
    CAIRN_TRY(run_anew_from(created.origin().stage()));
  }
  touch_all_ = true;
  return {};
}

// The stage and all that follows from it ask no cache.
Result<void> Stepper::run_anew_from(const std::string& stage) {
  const auto first = state_.find_stage(stage);
  if (!first) return refuse("runs anew from stage '" + stage + "', which is not there");
  std::vector<bool> anew(state_.stages.size());
  anew[*first] = true;
  for (std::uint32_t i = *first; i < state_.stages.size(); ++i) {
    for (const std::uint32_t need : state_.needs[i]) anew[i] = anew[i] || anew[need];
  }
  for (TaskState& task : state_.tasks) task.no_cache = anew[task.stage];
  return {};
}

Result<void> Stepper::apply(const v1::StopRequested& stop) {
  if (state_.status != RunStatus::kRunning) return refuse("stops a run that ended");
  if (state_.stop && stops_for_good(*state_.stop) && !stops_for_good(stop.kind())) {
    return refuse("interrupts a run that is being cancelled");
  }
  state_.stop = stop.kind();
  touch_all_ = true;
  if (!stops_for_good(stop.kind())) return {};
  for (std::uint32_t i = 0; i < state_.tasks.size(); ++i) {
    TaskState& task = state_.tasks[i];
    if (task.phase != TaskPhase::kWaiting) continue;
    if (task.trouble) task.trouble->cause = task.trouble->message = "";
    move_to(i, TaskPhase::kCancelled);
  }
  return {};
}

Result<void> Stepper::apply(const v1::RunFinished& finished) {
  if (state_.status != RunStatus::kRunning || state_.running > 0) {
    return refuse("ends a run that is not at its end");
  }
  for (const RunStatus status : {RunStatus::kSucceeded, RunStatus::kFailed, RunStatus::kCancelled,
                                 RunStatus::kInterrupted}) {
    if (finished.status() != to_string(status)) continue;
    state_.status = status;
    state_.finished_at = now();
    return {};
  }
  return refuse("ends the run with status '" + finished.status() + "'");
}

Result<void> Stepper::apply(const v1::RunResumed& resumed) {
  if (resumed.revision() != state_.revision + 1) return refuse("is not the next revision");
  std::shared_ptr<const WorkflowSpec> spec = state_.spec;
  if (!resumed.workflow_json().empty()) {
    CAIRN_ASSIGN(spec, parse_workflow(resumed.workflow_json()));
  }
  const std::vector<std::uint32_t> collapsed(resumed.collapsed().begin(),
                                             resumed.collapsed().end());
  for (const std::uint32_t stage : collapsed) {
    if (stage >= state_.stages.size() || !state_.spec->stages[stage].foreach ||
        state_.stages[stage].in(TaskPhase::kRunning) > 0) {
      return refuse("reads the list of a stage anew that has none, or runs");
    }
  }
  CAIRN_TRY(lay_out_again(state_, std::move(spec), collapsed));
  for (const v1::ReopenedTasks& reopened : resumed.reopened()) {
    for (const std::uint32_t task : reopened.tasks()) {
      if (task >= state_.tasks.size() || state_.tasks[task].phase == TaskPhase::kRunning) {
        return refuse("reopens task " + std::to_string(task) + ", which is not there or runs");
      }
    }
  }
  state_.revision = resumed.revision();
  state_.status = RunStatus::kRunning;
  state_.stop.reset();
  state_.paused = false;
  state_.finished_at.reset();
  for (const v1::ReopenedTasks& reopened : resumed.reopened()) reopen(reopened);
  // A person has decided that it goes on: no pause before the next attempt, and tries count anew.
  for (TaskState& task : state_.tasks) {
    if (task.phase != TaskPhase::kWaiting || !task.trouble) continue;
    task.trouble->not_before = {};
    task.trouble->failures = task.trouble->lost_hosts = 0;
    task.trouble->by_cause.clear();
  }
  touch_all_ = true;
  return {};
}

Result<void> Stepper::apply(const v1::RunPaused& paused) {
  if (state_.status != RunStatus::kRunning) return refuse("pauses a run that ended");
  state_.paused = paused.paused();
  touch_all_ = !state_.paused;
  return {};
}

Result<void> Stepper::apply(const v1::PriorityChanged& changed) {
  state_.priority = changed.priority();
  return {};
}

Result<void> Stepper::apply(const v1::WhenEvaluated& when) {
  CAIRN_ASSIGN(const std::uint32_t stage, waiting_stage(when.stage()));
  if (!when.error().empty()) {
    end_stage(stage, TaskPhase::kFailed, cause::kError, when.error());
    return {};
  }
  state_.stages[stage].when_value = when.value();
  touch(stage);
  return {};
}

Result<void> Stepper::apply(const v1::StageExpanded& expanded) {
  CAIRN_ASSIGN(const std::uint32_t stage, waiting_stage(expanded.stage()));
  StageState& found = state_.stages[stage];
  if (found.expanded) return refuse("expands a stage twice");
  if (!expanded.error().empty()) {
    end_stage(stage, TaskPhase::kFailed, cause::kError, expanded.error());
    return {};
  }
  CAIRN_ASSIGN(const json::object object, parse_json_object(expanded.cells_json()));
  CAIRN_ASSIGN(Cells cells, cells_from_json(object));
  expand_stage(state_, stage, std::make_shared<const Cells>(std::move(cells)));
  if (found.count == 0) move_to(stage, TaskPhase::kSucceeded);
  touch(stage);
  return {};
}

Result<void> Stepper::apply(const v1::StageSkipped& skipped) {
  CAIRN_ASSIGN(const std::uint32_t stage, waiting_stage(skipped.stage()));
  end_stage(stage, TaskPhase::kSkipped, skipped.cause(), skipped.message());
  return {};
}

Result<void> Stepper::apply(const v1::ApprovalAsked& asked) {
  CAIRN_ASSIGN(const std::uint32_t stage, waiting_stage(asked.stage()));
  if (state_.stages[stage].approval_asked) return refuse("asks twice");
  state_.stages[stage].approval_asked = true;
  return {};
}

Result<void> Stepper::apply(const v1::ApprovalGiven& given) {
  CAIRN_ASSIGN(const std::uint32_t stage, waiting_stage(given.stage()));
  StageState& found = state_.stages[stage];
  if (!found.approval_asked || found.approved) return refuse("answers what was not asked");
  found.approved_by = given.by();
  if (given.approved()) {
    found.approved = true;
    touch(stage);
  } else {
    found.approval_asked = false;
    end_stage(stage, TaskPhase::kFailed, cause::kCancelled,
              "rejected" + (given.by().empty() ? std::string() : " by " + given.by()));
  }
  return {};
}

// ---- helpers ----

void Stepper::move_to(std::uint32_t task, TaskPhase phase) {
  TaskState& moved = state_.tasks[task];
  StageState& stage = state_.stages[moved.stage];
  if (moved.phase == TaskPhase::kRunning) --state_.running;
  if (phase == TaskPhase::kRunning) ++state_.running;
  --stage.in_phase[static_cast<std::size_t>(moved.phase)];
  ++stage.in_phase[static_cast<std::size_t>(phase)];
  const bool was_final = is_final(moved.phase);
  moved.phase = phase;
  if (!is_final(phase)) {
    if (was_final) ++state_.unfinished;
    return;
  }
  if (!was_final) --state_.unfinished;
  moved.finished_at = now();
  // Dependants look when the stage is complete, or lost to them.
  if (phase == TaskPhase::kSucceeded && !stage.settled()) return;
  touch(moved.stage);
  for (const std::uint32_t dependant : state_.dependants[moved.stage]) touch(dependant);
}

void Stepper::end_stage(std::uint32_t stage, TaskPhase phase, std::string cause,
                        std::string message) {
  StageState& ended = state_.stages[stage];
  ended.cause = std::move(cause);
  ended.message = std::move(message);
  const std::uint32_t tasks = std::max<std::uint32_t>(ended.count, 1);
  for (std::uint32_t cell = 0; cell < tasks; ++cell) {
    const std::uint32_t task = state_.task_of(stage, cell);
    if (state_.tasks[task].phase == TaskPhase::kWaiting) move_to(task, phase);
  }
}

Result<std::uint32_t> Stepper::waiting_stage(std::uint32_t stage) const {
  if (stage >= state_.stages.size()) return refuse("names a stage that is not there");
  if (state_.status != RunStatus::kRunning) return refuse("changes a run that ended");
  if (state_.stages[stage].in(TaskPhase::kWaiting) == 0) {
    return refuse("does not fit stage '" + state_.spec->stages[stage].name +
                  "', which waits for nothing");
  }
  return stage;
}

Result<std::uint32_t> Stepper::in_phase(std::uint32_t task, TaskPhase phase) const {
  if (task >= state_.tasks.size()) return refuse("names a task that is not there");
  if (state_.status != RunStatus::kRunning) return refuse("changes a run that ended");
  if (state_.tasks[task].phase != phase) {
    return refuse("does not fit " + task_name(state_, task) + ", which is " +
                  to_string(state_.tasks[task].phase));
  }
  return task;
}

Result<AttemptState*> Stepper::live(std::uint32_t task, std::uint32_t number) const {
  CAIRN_TRY(in_phase(task, TaskPhase::kRunning));
  AttemptState& attempt = state_.tasks[task].attempts.back();
  if (attempt.number != number) return refuse("is of an attempt that ended");
  return &attempt;
}

Error Stepper::refuse(const std::string& why) const {
  const auto* field = Event::descriptor()->FindFieldByNumber(event_.what_case());
  return internal_error("event " + (field != nullptr ? field->name() : "?") + " " + why);
}

Result<std::vector<Command>> step(RunState& state, const Event& event) {
  return Stepper(state, event).run();
}

}  // namespace cairn
