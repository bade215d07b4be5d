#include <algorithm>
#include <boost/asio/post.hpp>

#include "core/engine/scheduler_impl.h"

namespace cairn {
namespace {

// A host whose orders are all done this fast is given twice as many; after one this slow half.
constexpr Duration kFast{20};
constexpr Duration kSlow{100};

bool names(const v1::AttemptId& id, const std::string& run, std::uint64_t token) {
  return id.run() == run && id.token() == token;
}

}  // namespace

// Called from any thread. What arrives while the strand is busy is taken up in one turn.
void Scheduler::Impl::arrive(const std::string& host, std::vector<v1::HostReport> reports) {
  bool first = false;
  {
    const std::lock_guard lock(arrivals_mutex);
    first = arrivals.empty() && listening;
    arrivals.emplace_back(host, std::move(reports));
  }
  if (first) post([this] { take_arrivals(); });
}

void Scheduler::Impl::take_arrivals() {
  decltype(arrivals) taken;
  {
    const std::lock_guard lock(arrivals_mutex);
    taken.swap(arrivals);
  }
  for (const auto& [name, messages] : taken) on_reports(name, messages);
}

// From now on it is known whose hosts may come.
void Scheduler::Impl::listen() {
  {
    const std::lock_guard lock(arrivals_mutex);
    if (std::exchange(listening, true)) return;
  }
  post([this] { take_arrivals(); });
}

void Scheduler::Impl::on_reports(const std::string& name,
                                 const std::vector<v1::HostReport>& reports) {
  const auto found = hosts.find(name);
  if (found == hosts.end()) {
    on_stranger(name, reports);
    return;
  }
  Host& host = found->second;
  host.last_heard = ports.clock.monotonic();
  const v1::Hello* hello = nullptr;
  for (const v1::HostReport& report : reports) {
    if (report.has_hello()) {
      hello = &report.hello();
    } else if (report.sequence() == 0) {
      apply_report(*found, report);
    } else if (report.sequence() <= host.applied) {
      host.acknowledge = true;  // sent again: the host need not keep it
    } else if (report.sequence() > host.applied + 1) {
      drain_spool(*found);  // something between them got lost on the way
    } else {
      host.applied = report.sequence();
      host.acknowledge = true;
      apply_report(*found, report);
    }
  }
  note_begun(host);
  if (hello != nullptr && std::exchange(host.greeted, true)) resend_missing(*found, *hello);
  if (host.orders.empty() && host.run != nullptr) rest(*found, true);
  flush_wanted = true;
}

// It works on, unheard; once it has nothing more to do it may go. What it has to say is in its
// spool, for whoever takes its run up.
void Scheduler::Impl::on_other(const std::string& name, Held& host,
                               const std::vector<v1::HostReport>& reports) {
  for (const v1::HostReport& report : reports) {
    if (report.has_hello()) host.hello = report.hello();
    if (!host.hello || !(report.has_finished() || report.has_returned())) continue;
    auto& orders = *host.hello->mutable_orders();
    const auto done = std::find_if(orders.begin(), orders.end(), [&](const v1::AttemptId& id) {
      return names(id, report.attempt().run(), report.attempt().token());
    });
    if (done != orders.end()) orders.erase(done);
  }
  if (!host.hello || !host.hello->orders().empty() || std::exchange(host.released, true)) return;
  v1::EngineCommand release;
  release.mutable_release();
  ports.link.send(name, {release});
}

// A host that is none of ours: one whose attempts were ended without it, one of an earlier engine
// that is idle, or one of a run that this engine does not serve; the last is left alone.
void Scheduler::Impl::on_stranger(const std::string& name,
                                  const std::vector<v1::HostReport>& reports) {
  if (const auto other = others.find(name); other != others.end()) {
    on_other(name, other->second, reports);
    return;
  }
  std::set<std::string> served_by_others;
  std::uint64_t last = 0;
  std::vector<v1::EngineCommand> answer;
  const auto look = [&](const v1::AttemptId& id) {
    if (id.run().empty()) return;
    if (!runs.contains(id.run())) served_by_others.insert(id.run());
    *answer.emplace_back().mutable_cancel()->mutable_attempt() = id;
  };
  for (const v1::HostReport& report : reports) {
    last = std::max(last, report.sequence());
    look(report.attempt());
    for (const v1::AttemptId& order : report.hello().orders()) look(order);
  }
  if (!served_by_others.empty()) return;
  if (last > 0) answer.emplace_back().mutable_ack()->set_sequence(last);
  answer.emplace_back().mutable_release();
  ports.link.send(name, std::move(answer));
}

void Scheduler::Impl::apply_report(HostEntry& entry, const v1::HostReport& report) {
  Host& host = entry.second;
  if (host.run == nullptr) return;
  Run& run = *host.run;
  const auto order =
      std::find_if(host.orders.begin(), host.orders.end(), [&](const Order& candidate) {
        return names(report.attempt(), run.state.id, candidate.token);
      });
  if (order == host.orders.end()) return;  // late: it changes nothing
  const std::uint32_t number = order->task;
  const TaskState& task = run.state.tasks[number];
  const AttemptState* attempt = live_attempt(task);
  if (attempt == nullptr || attempt->token != order->token) return;
  if (report.has_heartbeat()) {
    LiveTask& live = run.live[number];
    live.progress = report.heartbeat().progress();
    for (const auto& [metric, value] : report.heartbeat().last_metrics()) {
      live.metrics[metric] = value;
    }
    live.log_bytes = report.heartbeat().log_bytes();
    live.metric_bytes = report.heartbeat().metric_bytes();
    live.last_heard = ports.clock.monotonic();
    afterwards([this, &run] {
      const RunUpdate update{.state = run.state, .sequence = 0, .event = nullptr};
      const auto listeners = subscribers;
      for (const auto& [id, listener] : listeners) listener(update);
    });
  } else if (report.has_started()) {
    if (order->said_begun || attempt->started_at) return;
    order->begun = report.started();
    order->said_begun = true;
    if (const auto& timeout = run.state.spec_of(task).timeout) {
      order->deadline = ports.clock.monotonic() + *timeout;
    }
  } else if (report.has_checkpoint()) {
    if (task.checkpoint_step && *task.checkpoint_step == report.checkpoint().step()) return;
    note_begun(host);
    Event event;
    v1::CheckpointNoted* noted = event.mutable_checkpoint_noted();
    noted->set_task(number);
    noted->set_attempt(attempt->number);
    noted->set_step(report.checkpoint().step());
    noted->set_digest(report.checkpoint().digest());
    emit(run, std::move(event));
  } else if (report.has_returned()) {
    drop_order(entry, order->token);
    return_attempt(run, number);
  } else if (report.has_finished()) {
    const bool began =
        order->said_begun || attempt->started_at.has_value() || report.finished().started_ms() != 0;
    if (!began && report.finished().failure_cause() == cause::kCancelled) {
      drop_order(entry, order->token);
      return_attempt(run, number);
      return;
    }
    // A fingerprint is not in what the end says.
    if (order->begun && !order->begun->fingerprint_json().empty()) note_begun(host);
    Event event = finish_event(run, *order, report.finished());
    if (!event.attempt_finished().cause().empty()) host.failed = true;
    drop_order(entry, report.attempt().token());
    emit(run, std::move(event));
  }
}

// Attempts that began and have not ended in the same breath.
void Scheduler::Impl::note_begun(Host& host) {
  if (host.run == nullptr) return;
  for (Order& order : host.orders) {
    if (!order.begun) continue;
    const v1::Started begun = *std::exchange(order.begun, std::nullopt);
    const AttemptState* attempt = live_attempt(host.run->state.tasks[order.task]);
    if (attempt == nullptr || attempt->token != order.token || attempt->started_at) continue;
    Event event;
    v1::AttemptRunning* running = event.mutable_attempt_running();
    running->set_task(order.task);
    running->set_attempt(attempt->number);
    running->set_started_ms(begun.time_ms());
    running->set_fingerprint_json(begun.fingerprint_json());
    emit(*host.run, std::move(event));
  }
}

Event Scheduler::Impl::finish_event(const Run& run, const Order& order,
                                    const v1::Finished& finished) const {
  const TaskState& task = run.state.tasks[order.task];
  Event event;
  v1::AttemptFinished* end = event.mutable_attempt_finished();
  end->set_task(order.task);
  end->set_attempt(task.attempts.back().number);
  end->set_reported(true);
  end->set_cause(finished.failure_cause());
  end->set_message(finished.failure_message());
  *end->mutable_last_metrics() = finished.last_metrics();
  *end->mutable_progress() = finished.progress();
  end->set_started_ms(finished.started_ms());
  if (!finished.failure_cause().empty()) {
    if (finished.has_alarm()) *end->mutable_alarm() = finished.alarm();
    return event;
  }
  const auto invalid = [&](const std::string& why) {
    end->clear_outputs();
    end->set_cause(cause::kInvalidOutput);
    end->set_message(why);
    return event;
  };
  for (const DeclaredOutput& declared : run.state.spec_of(task).outputs) {
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

// The order is done with. How fast the host was says how much it may have ahead of time.
void Scheduler::Impl::drop_order(HostEntry& entry, std::uint64_t token) {
  Host& host = entry.second;
  const auto order = std::find_if(host.orders.begin(), host.orders.end(),
                                  [&](const Order& candidate) { return candidate.token == token; });
  if (order == host.orders.end()) return;
  const StageSpec& spec = host.run->state.spec_of(host.run->state.tasks[order->task]);
  give_units(host, spec.resources.pools);
  // One that waits to be sent, again after a stream broke, would be done twice.
  std::erase_if(host.outbox, [&](const v1::EngineCommand& command) {
    return command.has_assignment() &&
           names(command.assignment().attempt(), host.run->state.id, token);
  });
  const Duration now = ports.clock.monotonic();
  const Duration took = now - order->given_at;
  host.orders.erase(order);
  host.recall_at = host.orders.size() > 1 ? std::optional(now + kRecallAfter) : std::nullopt;
  if (took > kSlow) {
    host.depth = std::max<std::size_t>(1, host.depth / 2);
    host.fast = 0;
  } else if (took <= kFast && ++host.fast >= host.depth) {
    host.depth = std::min(config.queue_depth, host.depth * 2);
    host.fast = 0;
  }
}

// A revision may number tasks anew; attempts that live on keep their tokens, by which hosts know
// them.
void Scheduler::Impl::renumber_orders(const Run& run) {
  std::unordered_map<std::uint64_t, std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < run.state.tasks.size() && run.state.running > 0; ++i) {
    if (const AttemptState* attempt = live_attempt(run.state.tasks[i])) {
      numbers[attempt->token] = i;
    }
  }
  for (auto& [name, host] : hosts) {
    if (host.run != &run) continue;
    std::erase_if(host.orders, [&](Order& order) {
      const auto found = numbers.find(order.token);
      if (found != numbers.end()) order.task = found->second;
      return found == numbers.end();
    });
    for (v1::EngineCommand& command : host.outbox) {
      if (!command.has_assignment()) continue;
      v1::AttemptId& id = *command.mutable_assignment()->mutable_attempt();
      if (const auto found = numbers.find(id.token()); found != numbers.end()) {
        id.set_task(found->second);
      }
    }
  }
}

// The spool is the truth: what the host wrote there counts, however messages and exits overtook
// each other.
void Scheduler::Impl::drain_spool(HostEntry& entry) {
  Host& host = entry.second;
  const auto reports = ports.spools.read(entry.first, host.applied);
  if (!reports.ok()) {
    end_orders(entry, cause::kCorruptRecord, reports.error().to_string());
    if (host.exists) kill(host, cause::kCorruptRecord, reports.error().to_string());
    return;
  }
  for (const v1::HostReport& report : *reports) {
    host.applied = std::max(host.applied, report.sequence());
    host.acknowledge = true;
    apply_report(entry, report);
  }
}

// A stream broke, or an engine died: what was on its way to the host may be lost.
void Scheduler::Impl::resend_missing(HostEntry& entry, const v1::Hello& hello) {
  Host& host = entry.second;
  if (host.run == nullptr) return;
  Run& run = *host.run;
  host.works.clear();
  const std::vector<v1::EngineCommand> waiting = std::exchange(host.outbox, {});
  std::vector<Order> unfit;
  for (const Order& order : host.orders) {
    const bool has_it =
        std::any_of(hello.orders().begin(), hello.orders().end(),
                    [&](const v1::AttemptId& id) { return names(id, run.state.id, order.token); });
    const AttemptState* attempt = live_attempt(run.state.tasks[order.task]);
    // One that has begun and that the host has no more is about to be heard of again: a report of
    // its end is on the way or in the spool.
    if (has_it || attempt == nullptr || attempt->started_at || order.begun) continue;
    if (has_inputs(run.state, run.state.tasks[order.task].stage)) {
      add_assignment(run, host, order.task);
    } else {
      unfit.push_back(order);  // what it needs is made anew meanwhile
    }
  }
  // Assignments among them are there twice, which changes nothing.
  host.outbox.insert(host.outbox.end(), waiting.begin(), waiting.end());
  for (const Order& order : unfit) {
    drop_order(entry, order.token);
    return_attempt(run, order.task);
  }
  if (run.state.stop) stop_attempts(run);
}

}  // namespace cairn
