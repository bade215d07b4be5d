#include <algorithm>

#include "core/base/digest.h"
#include "core/base/random.h"
#include "core/engine/host_bound.h"
#include "core/engine/stepper.h"

namespace cairn {
namespace {

WallTime wall(std::int64_t milliseconds) {
  return WallTime(Duration(milliseconds));
}

// Their places are made of their digests.
template <typename Outputs>
bool have_digests(const Outputs& outputs) {
  return std::ranges::all_of(outputs,
                             [](const Artifact& output) { return is_digest(output.digest()); });
}

}  // namespace

void Stepper::reopen(const v1::ReopenedTasks& reopened) {
  for (const std::uint32_t number : reopened.tasks()) {
    TaskState& task = state_.tasks[number];
    StageState& stage = state_.stages[task.stage];
    move_to(number, TaskPhase::kWaiting);
    TaskState next;
    next.stage = task.stage;
    next.cell = task.cell;
    next.attempts = std::move(task.attempts);
    next.threads = task.threads;
    next.troubled().reopened_because = reopened.because();
    next.no_cache = reopened.no_cache();
    next.generation = static_cast<std::uint16_t>(task.generation + (reopened.anew() ? 1 : 0));
    if (!reopened.anew()) {
      next.checkpoint_step = task.checkpoint_step;
      next.trouble->amended = task.misfortune().amended;
      next.trouble->newest_checkpoint = task.misfortune().newest_checkpoint;
    }
    task = std::move(next);
    stage.when_value.reset();
    stage.cause.clear();
    stage.message.clear();
  }
}

Result<void> Stepper::apply(const v1::TaskReused& reused) {
  CAIRN_ASSIGN(const std::uint32_t number, in_phase(reused.task(), TaskPhase::kWaiting));
  if (state_.stop) return refuse("takes a result for a run that stops");
  if (!have_digests(reused.outputs())) return refuse("takes outputs without digests");
  TaskState& task = state_.tasks[number];
  task.key = reused.key();
  task.cached = true;
  task.cached_from = reused.from_run() + "/" + reused.from_name();
  task.outputs.assign(reused.outputs().begin(), reused.outputs().end());
  task.metrics.clear();
  task.metrics.insert(reused.metrics().begin(), reused.metrics().end());
  task.started_at = now();
  if (!state_.started_at) state_.started_at = now();
  move_to(number, TaskPhase::kSucceeded);
  return {};
}

Result<void> Stepper::apply(const v1::HostBound& bound) {
  if (bound.number() == 0 || bound.number() > state_.hosts.size() + 1) {
    return refuse("skips a host's number");
  }
  if (bound.number() > state_.hosts.size()) state_.hosts.emplace_back();
  state_.hosts[bound.number() - 1] = from_message(bound);
  return {};
}

Result<void> Stepper::apply(const v1::AttemptStarted& started) {
  CAIRN_ASSIGN(const std::uint32_t number, in_phase(started.task(), TaskPhase::kWaiting));
  TaskState& task = state_.tasks[number];
  if (state_.stop) return refuse("starts an attempt of a run that stops");
  if (state_.paused) return refuse("starts an attempt of a run that is paused");
  if (started.attempt() != task.attempts.size() + 1) return refuse("skips an attempt");
  if (started.token() != state_.last_token + 1) return refuse("reuses a token");
  if (started.host() == 0 || started.host() > state_.hosts.size()) {
    return refuse("names a host that is not there");
  }
  AttemptState& attempt = task.attempts.emplace_back();
  attempt.number = started.attempt();
  attempt.token = started.token();
  attempt.host = started.host();
  attempt.created_at = now();
  state_.last_token = started.token();
  task.key = started.key();
  if (!started.note().empty()) task.troubled().cache_note = started.note();
  if (task.threads == 0) task.threads = host_of(state_, attempt).limits.cpus();
  if (!task.started_at) task.started_at = now();
  if (!state_.started_at) state_.started_at = now();
  move_to(number, TaskPhase::kRunning);
  return {};
}

Result<void> Stepper::apply(const v1::AttemptRunning& running) {
  CAIRN_ASSIGN(AttemptState* const attempt, live(running.task(), running.attempt()));
  if (attempt->started_at) return refuse("was applied before");
  attempt->started_at = wall(running.started_ms());
  attempt->fingerprint = running.fingerprint_json();
  return {};
}

Result<void> Stepper::apply(const v1::CheckpointNoted& noted) {
  CAIRN_TRY(live(noted.task(), noted.attempt()));
  TaskState& task = state_.tasks[noted.task()];
  task.checkpoint_step = noted.step();
  // Later ones of the course that was left are gone.
  if (task.trouble) task.trouble->newest_checkpoint = -1;
  return {};
}

Result<void> Stepper::apply(const v1::AttemptReturned& returned) {
  CAIRN_ASSIGN(AttemptState* const attempt, live(returned.task(), returned.attempt()));
  if (attempt->started_at) return refuse("returns an attempt that began");
  attempt->returned = true;
  attempt->finished_at = now();
  if (state_.stop) {
    const bool interrupted = state_.stop == v1::StopRequested::INTERRUPT;
    move_to(returned.task(), interrupted ? TaskPhase::kInterrupted : TaskPhase::kCancelled);
  } else {
    move_to(returned.task(), TaskPhase::kWaiting);
    again_.push_back(returned.task());
  }
  return {};
}

Result<void> Stepper::apply(const v1::AttemptFinished& finished) {
  CAIRN_ASSIGN(AttemptState* const attempt, live(finished.task(), finished.attempt()));
  TaskState& task = state_.tasks[finished.task()];
  if (!have_digests(finished.outputs())) return refuse("makes outputs without digests");
  attempt->finished_at = now();
  if (finished.started_ms() != 0 && !attempt->started_at) {
    attempt->started_at = wall(finished.started_ms());
  }
  attempt->cause = finished.cause();
  attempt->message = finished.message();
  task.progress = finished.progress();
  task.metrics.clear();
  task.metrics.insert(finished.last_metrics().begin(), finished.last_metrics().end());
  if (!finished.cause().empty()) {
    fail_attempt(finished.task(), finished);
    return {};
  }
  task.outputs.assign(finished.outputs().begin(), finished.outputs().end());
  if (task.trouble) {
    task.trouble->cause.clear();
    task.trouble->message.clear();
  }
  move_to(finished.task(), TaskPhase::kSucceeded);
  return {};
}

void Stepper::fail_attempt(std::uint32_t number, const v1::AttemptFinished& finished) {
  TaskState& task = state_.tasks[number];
  TaskTrouble& trouble = task.troubled();
  trouble.cause = finished.cause();
  trouble.message = finished.message();
  const bool rolls_back = finished.has_alarm() && roll_back(number, finished.alarm());
  const std::optional<Duration> delay =
      rolls_back ? std::optional(Duration(0))
                 : (finished.has_alarm() ? std::nullopt : retry_delay(number));
  if (state_.stop && (delay || finished.cause() == cause::kCancelled)) {
    const bool interrupted = state_.stop == v1::StopRequested::INTERRUPT;
    move_to(number, interrupted ? TaskPhase::kInterrupted : TaskPhase::kCancelled);
  } else if (delay) {
    trouble.not_before = now() + *delay;
    move_to(number, TaskPhase::kWaiting);
    again_.push_back(number);
  } else {
    move_to(number, TaskPhase::kFailed);
  }
}

// Whether the rule has a try left; the next attempt then goes on before the points that broke it.
bool Stepper::roll_back(std::uint32_t number, const v1::WatchdogAlarm& alarm) {
  TaskState& task = state_.tasks[number];
  const auto& rules = state_.spec_of(task).watchdogs;
  if (alarm.rule() >= rules.size()) return false;
  const WatchdogSpec& rule = rules[alarm.rule()];
  if (rule.action != WatchdogSpec::Action::kRollBack) return false;
  TaskTrouble& trouble = task.troubled();
  if (++trouble.alarms[alarm.rule()] > rule.most) return false;
  for (const auto& [name, value] : rule.params) trouble.amended[name] = value;
  trouble.newest_checkpoint = std::max<std::int64_t>(alarm.step() - 1, 0);
  if (task.checkpoint_step && *task.checkpoint_step > trouble.newest_checkpoint) {
    task.checkpoint_step.reset();
  }
  return true;
}

// Counts the failure; nothing when its budget is used up. An attempt that stopped though nobody
// asked (its host had no engine for long) lost its host as well as any.
std::optional<Duration> Stepper::retry_delay(std::uint32_t number) {
  TaskState& task = state_.tasks[number];
  TaskTrouble& trouble = task.troubled();
  const RetrySpec& retry = state_.spec_of(task).retry;
  int doublings = 0;
  if (trouble.cause == cause::kPreempted || trouble.cause == cause::kNodeFailed ||
      trouble.cause == cause::kCancelled) {
    if (++trouble.lost_hosts > kLostHostBudget) return std::nullopt;
    if (trouble.lost_hosts == 1) return Duration(0);
    doublings = trouble.lost_hosts - 2;
  } else if (const auto own = retry.by_cause.find(trouble.cause); own != retry.by_cause.end()) {
    const int failures = ++trouble.by_cause[trouble.cause];
    if (failures >= own->second) return std::nullopt;
    doublings = failures - 1;
  } else {
    if (++trouble.failures >= retry.max_attempts) return std::nullopt;
    if (trouble.cause == cause::kLostArtifact) return std::nullopt;
    doublings = trouble.failures - 1;
  }
  RandomStream random(task_seed(state_, number), "retry", {task.attempts.back().number});
  const double factor = static_cast<double>(1U << std::min(doublings, 12));
  const double jitter = 0.75 + 0.5 * random.uniform();
  const double delay = static_cast<double>(retry.backoff.count()) * factor * jitter;
  const auto longest = static_cast<double>(Duration(kLongestPause).count());
  return Duration(static_cast<std::int64_t>(std::min(delay, longest)));
}

}  // namespace cairn
