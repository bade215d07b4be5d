#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>

#include "core/engine/commands.h"
#include "core/engine/scheduler_impl.h"

namespace cairn {

void Scheduler::Impl::post(std::function<void()> work) {
  boost::asio::post(strand, [weak = weak_from_this(), work = std::move(work)]() mutable {
    if (const auto self = weak.lock()) self->enter(std::move(work));
  });
}

void Scheduler::Impl::enter(std::function<void()> work) {
  inbox.push_back(std::move(work));
  pump();
}

// Called again from within an effect it writes what came up and leaves the acting to the outer
// call, so that effects keep the order of their batches.
void Scheduler::Impl::pump() {
  for (;;) {
    while (!inbox.empty() && !failure && !dead) {
      const auto work = std::move(inbox.front());
      inbox.pop_front();
      work();
    }
    if (!failure && !dead) start_queued();
    if (!batch.empty() || !after_batch.empty()) commit();
    if (acting || failure || dead) break;
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
    emit(run, evaluate_when(run, when->task));
  } else if (const auto* check = std::get_if<CheckCache>(&command)) {
    emit(run, check_cache(run, check->task));
  } else if (const auto* start = std::get_if<StartAttempt>(&command)) {
    queued.emplace(run.order, start->task, &run);
  } else if (const auto* stop = std::get_if<StopAttempt>(&command)) {
    afterwards([this, &run, task = stop->task] { stop_attempt(run, task); });
  } else {
    emit(run, std::get<Record>(command).event);
  }
}

void Scheduler::Impl::afterwards(std::function<void()> effect) {
  after_batch.push_back(std::move(effect));
}

void Scheduler::Impl::commit() {
  std::uint64_t sequence = 0;
  if (!batch.empty()) {
    auto written = ports.store.append(batch);
    batch = {};
    if (!written.ok()) {
      halt(with_context(std::move(written).error(), "the journal cannot be written"));
      return;
    }
    sequence = *written;
  }
  for (auto& [run, event] : journaled) {
    run->state.last_sequence = sequence;
    effects.push_back([this, run = run, event = std::move(event), sequence] {
      const RunUpdate update{
          .state = run->state, .sequence = sequence, .event = &event, .task = nullptr};
      const auto listeners = subscribers;  // a listener may leave while it is told
      for (const auto& [id, listener] : listeners) listener(update);
    });
    ++sequence;
  }
  journaled.clear();
  for (auto& effect : after_batch) effects.push_back(std::move(effect));
  after_batch.clear();
}

void Scheduler::Impl::halt(Error error) {
  if (failure) return;
  failure = std::move(error);
  batch = {};
  journaled.clear();
  after_batch.clear();
  inbox.clear();
  commands.clear();
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
        if (self && !error) self->enter([impl = self.get()] { impl->check_deadlines(); });
      }));
}

}  // namespace cairn
