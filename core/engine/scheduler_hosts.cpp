#include <algorithm>

#include "core/base/subprocess.h"
#include "core/engine/scheduler_impl.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn {

fs::path Scheduler::Impl::folder_of(const AttemptState& attempt) const {
  return TaskFolder{ports.artifacts.store_folder() / attempt.folder}
      .attempt(static_cast<int>(attempt.number))
      .root;
}

v1::AttemptId Scheduler::Impl::id_of(const Run& run, std::size_t task) const {
  const AttemptState& attempt = run.state.tasks[task].attempts.back();
  v1::AttemptId id;
  id.set_run(run.state.id);
  id.set_task(run.state.spec->stages[task].name);
  id.set_attempt(attempt.number);
  id.set_token(attempt.token);
  return id;
}

void Scheduler::Impl::on_report(const std::string& name, const v1::HostReport& report) {
  const auto found = hosts.find(name);
  const auto acknowledge = [&] {
    v1::EngineCommand command;
    *command.mutable_ack()->mutable_attempt() = report.attempt();
    command.mutable_ack()->set_sequence(report.sequence());
    ports.link.send(name, command);
  };
  if (found == hosts.end()) {
    // A host whose attempt was ended without it, or one of an earlier engine that never got work:
    // its token is worth nothing here.
    if (report.sequence() > 0) acknowledge();
    v1::EngineCommand command;
    *command.mutable_cancel()->mutable_attempt() = report.attempt();
    if (report.has_attempt()) ports.link.send(name, command);
    command.mutable_release();
    ports.link.send(name, command);
    return;
  }
  Host& host = found->second;
  host.last_heard = ports.clock.monotonic();
  if (report.has_hello()) return;
  const TaskState* task = host.run != nullptr ? &host.run->state.tasks[host.task] : nullptr;
  const AttemptState* attempt = task != nullptr ? live_attempt(*task) : nullptr;
  const bool current = attempt != nullptr && report.attempt().run() == host.run->state.id &&
                       report.attempt().task() == host.run->state.spec->stages[host.task].name &&
                       report.attempt().attempt() == attempt->number &&
                       report.attempt().token() == attempt->token;
  if (!current || (report.sequence() > 0 && report.sequence() <= attempt->spool_sequence)) {
    // Late, or sent again: it changes nothing, and the host need not keep it.
    if (report.sequence() > 0) acknowledge();
  } else if (report.sequence() > attempt->spool_sequence + 1) {
    drain_spool(*host.run, host.task);  // something between them got lost on the way
  } else {
    apply_report(*host.run, host.task, report);
  }
}

bool Scheduler::Impl::apply_report(Run& run, std::size_t index, const v1::HostReport& report) {
  const AttemptState* attempt = live_attempt(run.state.tasks[index]);
  if (attempt == nullptr || report.attempt().token() != attempt->token) return false;
  const std::string& name = run.state.spec->stages[index].name;
  if (report.has_heartbeat()) {
    LiveTask& live = run.live[name];
    live.progress = report.heartbeat().progress();
    for (const auto& [metric, value] : report.heartbeat().last_metrics()) {
      live.metrics[metric] = value;
    }
    live.log_bytes = report.heartbeat().log_bytes();
    live.metric_bytes = report.heartbeat().metric_bytes();
    live.last_heard = ports.clock.monotonic();
    afterwards([this, &run, name] {
      const RunUpdate update{.state = run.state, .sequence = 0, .event = nullptr, .task = &name};
      const auto listeners = subscribers;
      for (const auto& [id, listener] : listeners) listener(update);
    });
    return true;
  }
  if (report.sequence() <= attempt->spool_sequence) return false;
  Event event;
  if (report.has_started()) {
    v1::AttemptRunning* running = event.mutable_attempt_running();
    running->set_task(name);
    running->set_attempt(attempt->number);
    running->set_spool_sequence(report.sequence());
    running->set_fingerprint_json(report.started().fingerprint_json());
  } else if (report.has_checkpoint()) {
    v1::CheckpointNoted* noted = event.mutable_checkpoint_noted();
    noted->set_task(name);
    noted->set_attempt(attempt->number);
    noted->set_spool_sequence(report.sequence());
    noted->set_step(report.checkpoint().step());
    noted->set_digest(report.checkpoint().digest());
  } else if (report.has_finished()) {
    event = finish_event(run, index, report);
  } else {
    return false;
  }
  v1::EngineCommand command;
  *command.mutable_ack()->mutable_attempt() = report.attempt();
  command.mutable_ack()->set_sequence(report.sequence());
  afterwards([this, host = attempt->host.host, command] {
    if (hosts.contains(host)) ports.link.send(host, command);
  });
  emit(run, std::move(event));
  return true;
}

Event Scheduler::Impl::finish_event(const Run& run, std::size_t index,
                                    const v1::HostReport& report) const {
  const StageSpec& stage = run.state.spec->stages[index];
  const v1::Finished& finished = report.finished();
  Event event;
  v1::AttemptFinished* end = event.mutable_attempt_finished();
  end->set_task(stage.name);
  end->set_attempt(run.state.tasks[index].attempts.back().number);
  end->set_spool_sequence(report.sequence());
  end->set_cause(finished.failure_cause());
  end->set_message(finished.failure_message());
  *end->mutable_last_metrics() = finished.last_metrics();
  if (const auto live = run.live.find(stage.name); live != run.live.end()) {
    *end->mutable_progress() = live->second.progress;
  }
  if (!finished.failure_cause().empty()) return event;
  const auto invalid = [&](const std::string& why) {
    end->clear_outputs();
    end->set_cause(cause::kInvalidOutput);
    end->set_message(why);
    return event;
  };
  for (const DeclaredOutput& declared : stage.outputs) {
    const auto found =
        std::find_if(finished.outputs().begin(), finished.outputs().end(),
                     [&](const Artifact& output) { return output.name() == declared.name; });
    if (found == finished.outputs().end())
      return invalid("output '" + declared.name + "' was not made");
    if (!is_digest(found->digest()) || !ports.artifacts.contains(found->digest())) {
      return invalid("output '" + declared.name + "' (" + found->digest() +
                     ") is not in the store");
    }
    *end->add_outputs() = *found;
  }
  return event;
}

void Scheduler::Impl::drain_spool(Run& run, std::size_t task) {
  const AttemptState* attempt = live_attempt(run.state.tasks[task]);
  if (attempt == nullptr) return;
  const auto reports = ports.spools.read(folder_of(*attempt), attempt->spool_sequence);
  if (!reports.ok()) {
    fail_attempt(run, task, cause::kCorruptRecord, reports.error().to_string());
    return;
  }
  for (const v1::HostReport& report : *reports) apply_report(run, task, report);
}

void Scheduler::Impl::fail_attempt(Run& run, std::size_t task, const std::string& cause,
                                   const std::string& message) {
  const AttemptState* attempt = live_attempt(run.state.tasks[task]);
  if (attempt == nullptr) return;
  Event event;
  v1::AttemptFinished* finished = event.mutable_attempt_finished();
  finished->set_task(run.state.spec->stages[task].name);
  finished->set_attempt(attempt->number);
  finished->set_cause(cause);
  finished->set_message(message);
  if (const auto live = run.live.find(finished->task()); live != run.live.end()) {
    *finished->mutable_progress() = live->second.progress;
    finished->mutable_last_metrics()->insert(live->second.metrics.begin(),
                                             live->second.metrics.end());
  }
  emit(run, std::move(event));
}

// The spool is the truth: what the host reported before it ended counts, however the messages
// and the exit overtook each other.
void Scheduler::Impl::on_exit(const HostExit& exit) {
  const auto found = hosts.find(exit.host);
  if (found == hosts.end()) return;
  if (Run* run = found->second.run; run != nullptr) {
    const Host& host = found->second;
    drain_spool(*run, host.task);
    if (const AttemptState* attempt = live_attempt(run->state.tasks[host.task]);
        attempt != nullptr && attempt->number == host.attempt) {
      std::string cause = exit.oom ? cause::kOom : cause::kCrash;
      std::string message = "the host ended before it reported a result";
      if (exit.signal != 0) {
        message = "the host was killed by " + signal_name(exit.signal);
      } else if (exit.known) {
        message = "the host exited with code " + std::to_string(exit.exit_code) +
                  " before it reported a result";
      }
      if (!host.kill_cause.empty()) {
        cause = host.kill_cause;
        message = host.kill_message;
      } else if (const std::string output = ports.spools.last_output(folder_of(*attempt));
                 !output.empty()) {
        message += "; its last output:\n" + output;
      }
      fail_attempt(*run, host.task, cause, message);
    }
  }
  ports.link.forget(exit.host);
  hosts.erase(exit.host);
}

void Scheduler::Impl::stop_attempt(Run& run, std::size_t task) {
  for (auto& [name, host] : hosts) {
    if (host.run != &run || host.task != task || !host.exists || host.kill_at) continue;
    v1::EngineCommand command;
    *command.mutable_cancel()->mutable_attempt() = id_of(run, task);
    ports.link.send(name, command);
    host.kill_at = ports.clock.monotonic() + config.cancel_grace;
  }
}

void Scheduler::Impl::kill(Host& host, const std::string& cause, const std::string& message) {
  if (!host.kill_cause.empty()) return;
  host.kill_cause = cause;
  host.kill_message = message;
  host.idle_until.reset();
  ports.executor.kill(host.handle);
}

bool Scheduler::Impl::any_running() const {
  return std::any_of(runs.begin(), runs.end(), [](const auto& entry) {
    return entry.second->state.status == RunStatus::kRunning && !entry.second->state.stop;
  });
}

void Scheduler::Impl::free_host(const std::string& name, bool reuse) {
  const auto found = hosts.find(name);
  if (found == hosts.end()) return;
  Host& host = found->second;
  host.run = nullptr;
  host.kill_at.reset();
  if (!host.kill_cause.empty()) return;
  if (reuse && !host.pool.empty() && config.warm_host > Duration(0) && any_running()) {
    host.idle_until = ports.clock.monotonic() + config.warm_host;
  } else {
    release(name, host);
  }
}

void Scheduler::Impl::release(const std::string& name, Host& host) {
  host.idle_until.reset();
  host.kill_at = ports.clock.monotonic() + config.cancel_grace;
  v1::EngineCommand command;
  command.mutable_release();
  ports.link.send(name, command);
}

void Scheduler::Impl::release_idle() {
  if (any_running()) return;
  for (auto& [name, host] : hosts) {
    if (host.idle_until) release(name, host);
  }
}

void Scheduler::Impl::check_deadlines() {
  const Duration now = ports.clock.monotonic();
  for (auto& [name, host] : hosts) {
    if (!host.kill_cause.empty()) continue;
    if (host.idle_until && *host.idle_until <= now) release(name, host);
    if (host.kill_at && *host.kill_at <= now) {
      kill(host, cause::kCancelled, "it did not stop within the time it was given");
      continue;
    }
    if (host.run == nullptr) continue;
    if (host.exists && host.last_heard + config.lease <= now) {
      kill(host, cause::kNodeFailed,
           "its host was silent for " + std::to_string(config.lease.count() / 1000) + " s");
      continue;
    }
    const StageSpec& stage = host.run->state.spec->stages[host.task];
    const AttemptState* attempt = live_attempt(host.run->state.tasks[host.task]);
    if (attempt == nullptr || !stage.timeout || !attempt->started_at) continue;
    if (*attempt->started_at + *stage.timeout <= ports.clock.now()) {
      kill(host, cause::kTimeout,
           "it ran longer than " + std::to_string(stage.timeout->count() / 1000) + " s");
    }
  }
}

std::optional<Duration> Scheduler::Impl::next_deadline() const {
  const Duration now = ports.clock.monotonic();
  const WallTime wall = ports.clock.now();
  std::optional<Duration> next;
  const auto consider = [&](Duration at) { next = std::min(next.value_or(at), at); };
  for (const auto& [name, host] : hosts) {
    if (!host.kill_cause.empty()) continue;
    if (host.idle_until) consider(*host.idle_until);
    if (host.kill_at) consider(*host.kill_at);
    if (host.run == nullptr) continue;
    if (host.exists) consider(host.last_heard + config.lease);
    const StageSpec& stage = host.run->state.spec->stages[host.task];
    const AttemptState* attempt = live_attempt(host.run->state.tasks[host.task]);
    if (attempt == nullptr || !stage.timeout || !attempt->started_at) continue;
    consider(now + (*attempt->started_at + *stage.timeout - wall));
  }
  for (const auto& [order, index, run] : queued) {
    const WallTime at = run->state.tasks[index].not_before;
    if (at > wall) consider(now + (at - wall));
  }
  return next;
}

}  // namespace cairn
