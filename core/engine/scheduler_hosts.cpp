#include <algorithm>

#include "core/base/subprocess.h"
#include "core/engine/scheduler_impl.h"

namespace cairn {

fs::path Scheduler::Impl::attempt_folder(const Run& run, std::uint32_t task) const {
  return TaskFolder{ports.artifacts.store_folder() / task_folder(run.state, task)}
      .attempt(static_cast<int>(run.state.tasks[task].attempts.back().number))
      .root;
}

v1::AttemptId Scheduler::Impl::id_of(const Run& run, std::uint32_t task) const {
  const AttemptState& attempt = run.state.tasks[task].attempts.back();
  v1::AttemptId id;
  id.set_run(run.state.id);
  id.set_task(task);
  id.set_attempt(attempt.number);
  id.set_token(attempt.token);
  return id;
}

void Scheduler::Impl::fail_attempt(Run& run, std::uint32_t task, const std::string& cause,
                                   const std::string& message) {
  const AttemptState* attempt = live_attempt(run.state.tasks[task]);
  if (attempt == nullptr) return;
  Event event;
  v1::AttemptFinished* finished = event.mutable_attempt_finished();
  finished->set_task(task);
  finished->set_attempt(attempt->number);
  finished->set_cause(cause);
  finished->set_message(message);
  if (const auto live = run.live.find(task); live != run.live.end()) {
    *finished->mutable_progress() = live->second.progress;
    finished->mutable_last_metrics()->insert(live->second.metrics.begin(),
                                             live->second.metrics.end());
  }
  emit(run, std::move(event));
}

void Scheduler::Impl::return_attempt(Run& run, std::uint32_t task) {
  const AttemptState* attempt = live_attempt(run.state.tasks[task]);
  if (attempt == nullptr) return;
  Event event;
  v1::AttemptReturned* returned = event.mutable_attempt_returned();
  returned->set_task(task);
  returned->set_attempt(attempt->number);
  emit(run, std::move(event));
}

// The host does no more: what it was at has failed, what it had not begun goes back.
void Scheduler::Impl::end_orders(HostEntry& entry, const std::string& cause,
                                 const std::string& message) {
  Host& host = entry.second;
  if (host.run == nullptr) return;
  Run& run = *host.run;
  note_begun(host);
  const std::deque<Order> orders = std::exchange(host.orders, {});
  let_go(host);
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (i == 0) {
      fail_attempt(run, orders[i].task, cause, message);
    } else {
      return_attempt(run, orders[i].task);
    }
  }
}

void Scheduler::Impl::on_exit(const HostExit& exit) {
  give_for_others(exit.host);
  const auto found = hosts.find(exit.host);
  if (found == hosts.end()) return;
  drain_spool(*found);
  Host& host = found->second;
  if (!host.orders.empty()) {
    std::string cause = exit.oom ? cause::kOom : cause::kCrash;
    std::string message = "the host ended before it reported a result";
    if (exit.signal != 0) {
      message = "the host was killed by " + signal_name(exit.signal);
    } else if (exit.known) {
      message = "the host exited with code " + std::to_string(exit.exit_code) +
                " before it reported a result";
    }
    const fs::path folder = attempt_folder(*host.run, host.orders.front().task);
    if (!host.kill_cause.empty()) {
      cause = host.kill_cause;
      message = host.kill_message;
    } else if (const std::string output = ports.spools.last_output(exit.host, folder);
               !output.empty()) {
      message += "; its last output:\n" + output;
    }
    end_orders(*found, cause, message);
  } else if (host.run != nullptr) {
    let_go(host);
  }
  ports.link.forget(exit.host);
  hosts.erase(found);
  afterwards([this, name = exit.host] { ports.spools.remove(name); });
}

void Scheduler::Impl::stop_attempts(Run& run) {
  for (auto& [name, host] : hosts) {
    if (host.run != &run || !host.exists || host.kill_at) continue;
    for (const Order& order : host.orders) {
      if (live_attempt(run.state.tasks[order.task]) == nullptr) continue;
      v1::EngineCommand command;
      *command.mutable_cancel()->mutable_attempt() = id_of(run, order.task);
      host.outbox.push_back(std::move(command));
    }
    host.kill_at = ports.clock.monotonic() + config.cancel_grace;
  }
  flush_wanted = true;
}

void Scheduler::Impl::kill(Host& host, const std::string& cause, const std::string& message) {
  if (!host.kill_cause.empty()) return;
  host.kill_cause = cause;
  host.kill_message = message;
  host.idle_until.reset();
  afterwards([this, handle = host.handle] { ports.executor.kill(handle); });
}

// Work for a host that has none now.
bool Scheduler::Impl::more_may_come() const {
  if (closing) return false;
  return config.keep_warm || std::any_of(runs.begin(), runs.end(), [](const auto& entry) {
           return entry.second->state.status == RunStatus::kRunning && !entry.second->state.stop;
         });
}

// It has done all its orders.
void Scheduler::Impl::rest(HostEntry& entry, bool reuse) {
  Host& host = entry.second;
  const bool succeeded = std::exchange(host.failed, false) == false;
  let_go(host);
  host.kill_at.reset();
  if (!host.kill_cause.empty()) return;
  if (reuse && succeeded && !host.kind.empty() && config.warm_host > Duration(0) &&
      more_may_come()) {
    host.idle_until = ports.clock.monotonic() + config.warm_host;
  } else {
    release(host);
  }
}

void Scheduler::Impl::release(Host& host) {
  host.idle_until.reset();
  host.kill_at = ports.clock.monotonic() + config.cancel_grace;
  host.outbox.emplace_back().mutable_release();
  flush_wanted = true;
}

void Scheduler::Impl::release_idle() {
  if (more_may_come()) return;
  enter([this] {
    for (auto& [name, host] : hosts) {
      if (host.idle_until) release(host);
    }
  });
}

// A host that was just taken off the list has left something until its end is journaled.
Result<void> Scheduler::Impl::remove_dead_hosts() {
  CAIRN_ASSIGN(const std::vector<std::string> names, ports.spools.list());
  return act([&] {
    afterwards([this, names] {
      for (const std::string& name : names) {
        if (name.starts_with(host_prefix) && !hosts.contains(name)) ports.spools.remove(name);
      }
    });
  });
}

void Scheduler::Impl::check_deadlines() {
  const Duration now = ports.clock.monotonic();
  for (auto& [name, host] : hosts) {
    if (!host.kill_cause.empty()) continue;
    if (host.idle_until && *host.idle_until <= now) release(host);
    if (host.kill_at && *host.kill_at <= now) {
      kill(host, cause::kCancelled, "it did not stop within the time it was given");
      continue;
    }
    if (host.orders.empty()) continue;
    if (host.recall_at && *host.recall_at <= now) {
      host.recall_at.reset();
      host.depth = 1;
      host.outbox.emplace_back().mutable_recall();
      flush_wanted = true;
    }
    if (host.exists && host.last_heard + config.lease <= now) {
      kill(host, cause::kNodeFailed,
           "its host was silent for " + std::to_string(config.lease.count() / 1000) + " s");
      continue;
    }
    const Order& order = host.orders.front();
    if (order.deadline && *order.deadline <= now) {
      const StageSpec& stage = host.run->state.spec_of(host.run->state.tasks[order.task]);
      kill(host, cause::kTimeout,
           "it ran longer than " + std::to_string(stage.timeout->count() / 1000) + " s");
    }
  }
}

std::optional<Duration> Scheduler::Impl::next_deadline() const {
  std::optional<Duration> next = stalled_until;
  if (stalled_until) return next;
  const auto consider = [&](const std::optional<Duration>& at) {
    if (at) next = std::min(next.value_or(*at), *at);
  };
  for (const auto& [name, host] : hosts) {
    if (!host.kill_cause.empty()) continue;
    consider(host.idle_until);
    consider(host.kill_at);
    if (host.orders.empty()) continue;
    consider(host.recall_at);
    if (host.exists) consider(host.last_heard + config.lease);
    consider(host.orders.front().deadline);
  }
  bool hungry = false;
  for (const auto& [id, run] : runs) {
    if (!run->later.empty()) consider(run->later.begin()->first);
    hungry = hungry || !run->ready.empty();
  }
  if (hungry && config.free_space > 0) consider(ports.clock.monotonic() + Duration(1000));
  return next;
}

}  // namespace cairn
