#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>

#include "core/base/log.h"
#include "core/engine/scheduler_impl.h"
#include "core/engine/snapshot.h"

namespace cairn {
namespace {

// How long a full disk is left alone before the same batch is tried again.
constexpr Duration kStall{1000};

}  // namespace

void Scheduler::Impl::post(std::function<void()> work) {
  boost::asio::post(strand, [weak = weak_from_this(), work = std::move(work),
                             posted_at = ports.nanoseconds()]() mutable {
    const auto self = weak.lock();
    if (!self) return;
    self->timings.lag.add(self->ports.nanoseconds() - posted_at);
    self->enter(std::move(work));
  });
}

void Scheduler::Impl::enter(std::function<void()> work) {
  inbox.push_back(std::move(work));
  pump();
}

// While the journal's disk is full nothing that was asked for is promised; it may come to pass once
// there is space.
Result<void> Scheduler::Impl::act(const std::function<void()>& work) {
  if (failure) return *failure;
  if (stall) return *stall;
  bool done = false;
  enter([&] {
    work();
    done = true;
  });
  if (failure) return *failure;
  if (stall) return *stall;
  return done ? Result<void>() : internal_error("the engine is busy");
}

// Called again from within an effect it writes what came up and leaves the acting to the outer
// call, so that effects keep the order of their batches.
void Scheduler::Impl::pump() {
  for (;;) {
    if (stalled_until) break;
    while (!inbox.empty() && !failure && !dead) {
      const auto work = std::move(inbox.front());
      inbox.pop_front();
      work();
    }
    if (!failure && !dead) {
      wake_later();
      check_some();
      start_ready();
    }
    // One that has halted sends nothing: what waits for hosts may stand in a batch that was lost.
    const bool something = !batch.empty() || !after_batch.empty() || flush_wanted;
    if (something && !failure && !dead) commit();
    if (acting || failure || dead || stalled_until) break;
    if (effects.empty() && inbox.empty()) break;
    acting = true;
    while (!effects.empty()) {
      const auto effect = std::move(effects.front());
      effects.pop_front();
      effect();
    }
    acting = false;
  }
  if (acting) return;
  if (more_to_check && !failure && !dead && !stalled_until) {
    more_to_check = false;
    post([] {});
  }
  watch_idle();
  arm_timer();
}

void Scheduler::Impl::emit(Run& run, Event event) {
  if (failure || dead) return;
  event.set_format(kEventFormat);
  event.set_time_ms(ports.clock.now().time_since_epoch().count());
  auto stepped = step(run.state, event);
  if (!stepped.ok()) {
    // The scheduler looks at the state before it makes an event: only a defect gets here.
    halt(with_context(std::move(stepped).error(), "run " + run.state.id));
    return;
  }
  batch.journal.push_back({run.state.id, encode_event(event)});
  after_event(run, event);
  journaled.emplace_back(&run, std::move(event));
  follow(run, std::move(stepped).value());
}

// Called again from within, it only adds to what the outer call works off.
void Scheduler::Impl::follow(Run& run, std::vector<Command> wanted) {
  for (Command& command : wanted) commands.emplace_back(&run, std::move(command));
  if (stepping) return;
  stepping = true;
  while (!commands.empty() && !failure) {
    const auto [target, command] = std::move(commands.front());
    commands.pop_front();
    if (still_wanted(target->state, command)) carry_out(*target, command);
  }
  stepping = false;
}

void Scheduler::Impl::carry_out(Run& run, const Command& command) {
  if (const auto* when = std::get_if<EvaluateWhen>(&command)) {
    emit(run, evaluate_when(run, when->stage));
  } else if (const auto* list = std::get_if<ExpandStage>(&command)) {
    emit(run, expand(run, list->stage));
  } else if (const auto* stage = std::get_if<StartStage>(&command)) {
    list_stage(run, stage->stage);
  } else if (const auto* task = std::get_if<StartTask>(&command)) {
    list_task(run, task->task);
  } else if (std::holds_alternative<StopAttempts>(command)) {
    stop_attempts(run);
  } else {
    emit(run, std::get<Record>(command).event);
  }
}

// Bookkeeping of the world that follows the state.
void Scheduler::Impl::after_event(Run& run, const Event& event) {
  switch (event.what_case()) {
    case Event::kRunResumed:
      run.stage_keys.clear();
      run.secret_variables.clear();
      run.unchecked.clear();
      run.ready.clear();
      run.later.clear();
      run.misses.clear();
      run.live.clear();
      run.listed.assign(run.state.tasks.size(), false);
      renumber_orders(run);
      [[fallthrough]];
    case Event::kRunCreated:
    case Event::kRunFinished:
      batch.summaries.push_back({run.state.id, encode_row(run.state)});
      if (event.has_run_finished()) {
        afterwards([this] {
          release_idle();
          forget_ended();
        });
      }
      break;
    case Event::kAttemptFinished:
      run.live.erase(event.attempt_finished().task());
      if (run.state.tasks[event.attempt_finished().task()].phase == TaskPhase::kSucceeded) {
        put_cache(run, event.attempt_finished().task());
      }
      break;
    default:
      break;
  }
  const bool waiting = event.has_approval_asked();
  if (ports.notify && (waiting || event.has_run_finished()) &&
      !run.state.spec->notify.run.empty()) {
    afterwards([this, &run, what = std::string(waiting ? "waiting" : to_string(run.state.status))] {
      ports.notify(run.state, what);
    });
  }
}

void Scheduler::Impl::afterwards(std::function<void()> effect) {
  after_batch.push_back(std::move(effect));
}

void Scheduler::Impl::commit() {
  std::uint64_t sequence = 0;
  if (!batch.empty()) {
    const std::int64_t begin = ports.nanoseconds();
    auto appended = ports.store.append(batch);
    timings.commit.add(ports.nanoseconds() - begin);
    if (!appended.ok() && appended.error().code == ErrorCode::kResourceExhausted) {
      // Nothing of it is on disk, and nothing of it was acted upon: it waits for space.
      if (!stall) {
        spdlog::error("{}; everything waits, and goes on once there is space",
                      appended.error().message);
      }
      stall = std::move(appended).error();
      stalled_until = ports.clock.monotonic() + kStall;
      return;
    }
    batch = {};
    if (!appended.ok()) {
      halt(with_context(std::move(appended).error(), "the journal cannot be written"));
      return;
    }
    if (stall) spdlog::info("there is space again; going on");
    stall.reset();
    sequence = *appended;
  }
  written(sequence);
}

void Scheduler::Impl::retry_commit() {
  stalled_until.reset();
  commit();
}

// The batch is durable: what waited for that becomes an effect.
void Scheduler::Impl::written(std::uint64_t sequence) {
  for (auto& [run, event] : journaled) {
    note_sequence(run->state, event, sequence);
    if (!subscribers.empty()) {
      effects.push_back([this, run = run, event = std::move(event), sequence] {
        const RunUpdate update{.state = run->state, .sequence = sequence, .event = &event};
        const auto listeners = subscribers;  // a listener may leave while it is told
        for (const auto& [id, listener] : listeners) listener(update);
      });
    }
    ++sequence;
  }
  for (const auto& [run, event] : journaled) take_snapshot(*run);
  journaled.clear();
  for (auto& effect : after_batch) effects.push_back(std::move(effect));
  after_batch.clear();
  flush_hosts();
}

// Into the next batch, so that it costs no sync of its own.
void Scheduler::Impl::take_snapshot(Run& run) {
  const std::size_t due = config.snapshot_events;
  const bool ended = run.state.status != RunStatus::kRunning;
  if (run.state.since_snapshot < (ended ? due : due + 4 * run.state.tasks.size())) return;
  batch.snapshots.push_back({run.state.id, encode_snapshot(run.state)});
  run.state.since_snapshot = 0;
}

// Before other effects: a host that waits costs time.
void Scheduler::Impl::flush_hosts() {
  flush_wanted = false;
  for (auto& [name, host] : hosts) {
    if (!host.exists) continue;
    if (host.acknowledge) {
      host.acknowledge = false;
      v1::EngineCommand command;
      command.mutable_ack()->set_sequence(host.applied);
      host.outbox.insert(host.outbox.begin(), std::move(command));
    }
    if (host.outbox.empty()) continue;
    ports.link.send(name, std::exchange(host.outbox, {}));
  }
}

void Scheduler::Impl::halt(Error error) {
  if (failure) return;
  failure = std::move(error);
  batch = {};
  journaled.clear();
  after_batch.clear();
  inbox.clear();
  commands.clear();
  stalled_until.reset();
}

void Scheduler::Impl::watch_idle() {
  bool now = hosts.empty() && inbox.empty();
  for (const auto& [id, run] : runs) now = now && run->state.status != RunStatus::kRunning;
  const bool halted = failure || dead;
  const bool became = halted ? !was_halted : now && !was_idle;
  was_idle = now || halted;
  was_halted = halted;
  if (!became) return;
  const auto callbacks = idle_callbacks;
  for (const auto& callback : callbacks) callback();
}

void Scheduler::Impl::arm_timer() {
  const auto deadline = next_deadline();
  if (!deadline || failure || dead) {
    timer.cancel();
    return;
  }
  // A little late rather than early: what is due is decided by the injected clock.
  timer.expires_after(std::max(*deadline - ports.clock.monotonic(), Duration(0)) + Duration(1));
  timer.async_wait(boost::asio::bind_executor(
      strand, [weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self && !error) self->tick();
      }));
}

void Scheduler::Impl::tick() {
  if (stalled_until && *stalled_until <= ports.clock.monotonic()) retry_commit();
  enter([this] { check_deadlines(); });
}

}  // namespace cairn
