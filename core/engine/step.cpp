#include "core/engine/step.h"

#include <algorithm>

#include "core/base/random.h"
#include "core/engine/commands.h"

namespace cairn {
namespace {

constexpr Duration kLongestBackoff = std::chrono::hours(1);

WallTime time_of(const Event& event) {
  return WallTime(Duration(event.time_ms()));
}

Result<std::shared_ptr<const WorkflowSpec>> parse_workflow(const std::string& text) {
  CAIRN_ASSIGN(const json::object object, parse_json_object(text));
  CAIRN_ASSIGN(WorkflowSpec spec, workflow_spec_from_json(object));
  return std::shared_ptr<const WorkflowSpec>(std::make_shared<WorkflowSpec>(std::move(spec)));
}

class Stepper {
 public:
  Stepper(RunState& state, const Event& event) : state_(state), event_(event) {}

  Result<std::vector<Command>> run() {
    CAIRN_TRY(apply());
    std::vector<Command> commands;
    if (state_.status != RunStatus::kRunning) return commands;
    if (touch_all_) return outstanding(state_);
    std::sort(touched_.begin(), touched_.end());
    touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
    for (const std::size_t task : touched_) add_commands(state_, task, commands);
    add_finish(state_, commands);
    return commands;
  }

 private:
  Result<void> apply() {
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
      case Event::kWhenEvaluated:
        return apply(event_.when_evaluated());
      case Event::kCacheChecked:
        return apply(event_.cache_checked());
      case Event::kTaskSkipped:
        return apply(event_.task_skipped());
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
      case Event::WHAT_NOT_SET:
        break;
    }
    return refuse("is of no kind this build knows");
  }

  Result<void> apply(const v1::RunCreated& created) {
    if (state_.spec) return refuse("creates a run that exists");
    CAIRN_ASSIGN(std::shared_ptr<const WorkflowSpec> spec, parse_workflow(created.workflow_json()));
    std::map<std::string, std::size_t, std::less<>> index;
    for (std::size_t i = 0; i < spec->stages.size(); ++i) index[spec->stages[i].name] = i;
    CAIRN_ASSIGN(state_.dependants, dependants_of(*spec, index));
    state_.index = std::move(index);
    state_.id = created.run();
    state_.request_id = created.request_id();
    state_.created_at = time_of(event_);
    state_.tasks.resize(spec->stages.size());
    state_.unfinished = spec->stages.size();
    state_.spec = std::move(spec);
    touch_all_ = true;
    return {};
  }

  Result<void> apply(const v1::StopRequested& stop) {
    if (state_.status != RunStatus::kRunning) return refuse("stops a run that ended");
    state_.stop = stop.kind();
    touch_all_ = true;
    if (stop.kind() == v1::StopRequested::INTERRUPT) return {};
    for (std::size_t i = 0; i < state_.tasks.size(); ++i) {
      TaskState& task = state_.tasks[i];
      if (task.phase != TaskPhase::kWaiting && task.phase != TaskPhase::kQueued) continue;
      task.cause = cause::kCancelled;
      task.message = stop.kind() == v1::StopRequested::CANCEL ? "the run was cancelled"
                                                              : "another stage failed (fail_fast)";
      move_to(i, TaskPhase::kCancelled);
    }
    return {};
  }

  Result<void> apply(const v1::RunFinished& finished) {
    if (state_.status != RunStatus::kRunning || state_.running > 0) {
      return refuse("ends a run that is not at its end");
    }
    for (const RunStatus status : {RunStatus::kSucceeded, RunStatus::kFailed, RunStatus::kCancelled,
                                   RunStatus::kInterrupted}) {
      if (finished.status() != to_string(status)) continue;
      state_.status = status;
      state_.finished_at = time_of(event_);
      return {};
    }
    return refuse("ends the run with status '" + finished.status() + "'");
  }

  Result<void> apply(const v1::RunResumed& resumed) {
    if (resumed.revision() != state_.revision + 1) return refuse("is not the next revision");
    std::shared_ptr<const WorkflowSpec> spec = state_.spec;
    if (!resumed.workflow_json().empty()) {
      CAIRN_ASSIGN(spec, parse_workflow(resumed.workflow_json()));
      if (spec->stages.size() != state_.tasks.size()) return refuse("changes the stages");
    }
    std::map<std::string, std::size_t, std::less<>> index;
    for (std::size_t i = 0; i < spec->stages.size(); ++i) {
      if (spec->stages[i].name != state_.spec->stages[i].name) return refuse("changes the stages");
      index[spec->stages[i].name] = i;
    }
    for (const v1::ReopenedTask& reopened : resumed.reopened()) {
      const auto found = state_.find(reopened.task());
      if (!found) return refuse("reopens stage '" + reopened.task() + "', which is not there");
      if (state_.tasks[*found].phase == TaskPhase::kRunning) {
        return refuse("reopens stage '" + reopened.task() + "', which is running");
      }
    }
    CAIRN_ASSIGN(state_.dependants, dependants_of(*spec, index));
    state_.spec = std::move(spec);
    state_.revision = resumed.revision();
    state_.status = RunStatus::kRunning;
    state_.stop.reset();
    state_.finished_at.reset();
    for (const v1::ReopenedTask& reopened : resumed.reopened()) reopen(reopened);
    touch_all_ = true;
    return {};
  }

  void reopen(const v1::ReopenedTask& reopened) {
    const std::size_t i = *state_.find(reopened.task());
    TaskState& task = state_.tasks[i];
    TaskState next;
    next.attempts = std::move(task.attempts);
    next.threads = task.threads;
    next.reopened_because = reopened.because();
    next.no_cache = reopened.no_cache();
    next.generation = task.generation + (reopened.anew() ? 1 : 0);
    if (!reopened.anew()) next.checkpoint_step = task.checkpoint_step;
    if (is_final(task.phase)) ++state_.unfinished;
    task = std::move(next);
  }

  Result<void> apply(const v1::WhenEvaluated& when) {
    CAIRN_ASSIGN(const std::size_t i, in_phase(when.task(), TaskPhase::kWaiting));
    if (!when.error().empty()) {
      state_.tasks[i].cause = cause::kError;
      state_.tasks[i].message = when.error();
      move_to(i, TaskPhase::kFailed);
      return {};
    }
    state_.tasks[i].when_value = when.value();
    touched_.push_back(i);
    return {};
  }

  Result<void> apply(const v1::CacheChecked& checked) {
    CAIRN_ASSIGN(const std::size_t i, in_phase(checked.task(), TaskPhase::kWaiting));
    TaskState& task = state_.tasks[i];
    task.key = checked.key();
    task.key_components = checked.components_json();
    task.cache_note = checked.note();
    if (!checked.hit()) {
      move_to(i, TaskPhase::kQueued);
      return {};
    }
    task.cached = true;
    task.cached_from = checked.from_run() + "/" + checked.from_task();
    task.outputs.assign(checked.outputs().begin(), checked.outputs().end());
    task.metrics.insert(checked.metrics().begin(), checked.metrics().end());
    task.started_at = time_of(event_);
    move_to(i, TaskPhase::kSucceeded);
    return {};
  }

  Result<void> apply(const v1::TaskSkipped& skipped) {
    CAIRN_ASSIGN(const std::size_t i, in_phase(skipped.task(), TaskPhase::kWaiting));
    state_.tasks[i].cause = skipped.cause();
    state_.tasks[i].message = skipped.message();
    move_to(i, TaskPhase::kSkipped);
    return {};
  }

  Result<void> apply(const v1::AttemptStarted& started) {
    CAIRN_ASSIGN(const std::size_t i, in_phase(started.task(), TaskPhase::kQueued));
    TaskState& task = state_.tasks[i];
    if (state_.stop) return refuse("starts an attempt of a run that stops");
    if (started.attempt() != task.attempts.size() + 1) return refuse("skips an attempt");
    if (started.token() != state_.last_token + 1) return refuse("reuses a token");
    AttemptState attempt;
    attempt.number = started.attempt();
    attempt.token = started.token();
    attempt.folder = started.folder();
    attempt.limits = started.limits();
    attempt.host.host = started.host();
    attempt.created_at = time_of(event_);
    state_.last_token = started.token();
    if (task.threads == 0) task.threads = started.limits().cpus();
    if (!task.started_at) task.started_at = attempt.created_at;
    task.attempts.push_back(std::move(attempt));
    move_to(i, TaskPhase::kRunning);
    return {};
  }

  Result<void> apply(const v1::HostBound& bound) {
    CAIRN_ASSIGN(AttemptState* const attempt, live(bound.task(), bound.attempt()));
    attempt->bound = true;
    attempt->host = {.host = bound.host(),
                     .executor = bound.executor(),
                     .pid = bound.pid(),
                     .pid_start_ticks = bound.pid_start_ticks(),
                     .job = bound.job()};
    return {};
  }

  Result<void> apply(const v1::AttemptRunning& running) {
    CAIRN_ASSIGN(AttemptState* const attempt, live(running.task(), running.attempt()));
    CAIRN_TRY(advance_spool(*attempt, running.spool_sequence()));
    attempt->started_at = time_of(event_);
    return {};
  }

  Result<void> apply(const v1::CheckpointNoted& noted) {
    CAIRN_ASSIGN(AttemptState* const attempt, live(noted.task(), noted.attempt()));
    CAIRN_TRY(advance_spool(*attempt, noted.spool_sequence()));
    state_.tasks[*state_.find(noted.task())].checkpoint_step = noted.step();
    return {};
  }

  Result<void> apply(const v1::AttemptFinished& finished) {
    CAIRN_ASSIGN(AttemptState* const attempt, live(finished.task(), finished.attempt()));
    if (finished.spool_sequence() > 0) {
      CAIRN_TRY(advance_spool(*attempt, finished.spool_sequence()));
    }
    const std::size_t i = *state_.find(finished.task());
    TaskState& task = state_.tasks[i];
    attempt->finished_at = time_of(event_);
    attempt->cause = finished.cause();
    attempt->message = finished.message();
    task.progress = finished.progress();
    task.metrics.clear();
    task.metrics.insert(finished.last_metrics().begin(), finished.last_metrics().end());
    if (!finished.cause().empty()) {
      fail_attempt(i, finished);
      return {};
    }
    task.outputs.assign(finished.outputs().begin(), finished.outputs().end());
    task.cause.clear();
    task.message.clear();
    move_to(i, TaskPhase::kSucceeded);
    return {};
  }

  void fail_attempt(std::size_t i, const v1::AttemptFinished& finished) {
    TaskState& task = state_.tasks[i];
    task.cause = finished.cause();
    task.message = finished.message();
    const std::optional<Duration> delay = retry_delay(i);
    if (state_.stop && (delay || finished.cause() == cause::kCancelled)) {
      const bool interrupted = state_.stop == v1::StopRequested::INTERRUPT;
      move_to(i, interrupted ? TaskPhase::kInterrupted : TaskPhase::kCancelled);
    } else if (delay) {
      task.not_before = time_of(event_) + *delay;
      move_to(i, TaskPhase::kQueued);
    } else {
      move_to(i, TaskPhase::kFailed);
    }
  }

  // Counts the failure; nothing when its budget is used up. An attempt that stopped though nobody
  // asked (its host had no engine for long) lost its host as well as any.
  std::optional<Duration> retry_delay(std::size_t i) {
    TaskState& task = state_.tasks[i];
    const StageSpec& stage = state_.spec->stages[i];
    int doublings = 0;
    if (task.cause == cause::kPreempted || task.cause == cause::kNodeFailed ||
        task.cause == cause::kCancelled) {
      if (++task.lost_hosts > kLostHostBudget) return std::nullopt;
      if (task.lost_hosts == 1) return Duration(0);
      doublings = task.lost_hosts - 2;
    } else {
      if (++task.failures >= stage.retry.max_attempts) return std::nullopt;
      if (task.cause == cause::kLostArtifact) return std::nullopt;
      doublings = task.failures - 1;
    }
    RandomStream random(task_seed(state_.spec->seed, stage.name), "retry",
                        {task.attempts.back().number});
    const double factor = static_cast<double>(1U << std::min(doublings, 12));
    const double jitter = 0.75 + 0.5 * random.uniform();
    const double delay = static_cast<double>(stage.retry.backoff.count()) * factor * jitter;
    const auto longest = static_cast<double>(kLongestBackoff.count());
    return Duration(static_cast<std::int64_t>(std::min(delay, longest)));
  }

  // ---- helpers ----

  void move_to(std::size_t i, TaskPhase phase) {
    TaskState& task = state_.tasks[i];
    if (task.phase == TaskPhase::kRunning) --state_.running;
    if (phase == TaskPhase::kRunning) ++state_.running;
    task.phase = phase;
    touched_.push_back(i);
    if (!is_final(phase)) return;
    --state_.unfinished;
    task.finished_at = time_of(event_);
    for (const std::size_t dependant : state_.dependants[i]) touched_.push_back(dependant);
  }

  Result<std::size_t> in_phase(const std::string& name, TaskPhase phase) const {
    const auto found = state_.find(name);
    if (!found) return refuse("names stage '" + name + "', which is not there");
    if (state_.status != RunStatus::kRunning) return refuse("changes a run that ended");
    if (state_.tasks[*found].phase != phase) {
      return refuse("does not fit stage '" + name + "', which is " +
                    to_string(state_.tasks[*found].phase));
    }
    return *found;
  }

  Result<AttemptState*> live(const std::string& name, std::uint32_t number) const {
    CAIRN_ASSIGN(const std::size_t i, in_phase(name, TaskPhase::kRunning));
    AttemptState& attempt = state_.tasks[i].attempts.back();
    if (attempt.number != number) return refuse("is of an attempt that ended");
    return &attempt;
  }

  Result<void> advance_spool(AttemptState& attempt, std::uint64_t sequence) const {
    if (sequence <= attempt.spool_sequence) return refuse("was applied before");
    attempt.spool_sequence = sequence;
    return {};
  }

  static Result<std::vector<std::vector<std::size_t>>> dependants_of(
      const WorkflowSpec& spec, const std::map<std::string, std::size_t, std::less<>>& index) {
    std::vector<std::vector<std::size_t>> dependants(spec.stages.size());
    for (std::size_t i = 0; i < spec.stages.size(); ++i) {
      std::vector<std::string> names = spec.stages[i].after;
      for (const auto& [port, references] : spec.stages[i].inputs) {
        for (const OutputRef& reference : references) names.push_back(reference.stage);
      }
      std::sort(names.begin(), names.end());
      names.erase(std::unique(names.begin(), names.end()), names.end());
      for (const std::string& name : names) {
        const auto found = index.find(name);
        if (found == index.end() || found->second >= i) {
          return internal_error("stage '" + spec.stages[i].name + "' needs '" + name +
                                "', which does not stand before it");
        }
        dependants[found->second].push_back(i);
      }
    }
    return dependants;
  }

  Error refuse(const std::string& why) const {
    const auto* field = Event::descriptor()->FindFieldByNumber(event_.what_case());
    return internal_error("event " + (field != nullptr ? field->name() : "?") + " " + why);
  }

  RunState& state_;
  const Event& event_;
  std::vector<std::size_t> touched_;
  bool touch_all_ = false;
};

}  // namespace

Result<std::vector<Command>> step(RunState& state, const Event& event) {
  return Stepper(state, event).run();
}

}  // namespace cairn
