#include "core/server/api/event_pages.h"

#include <algorithm>

namespace cairn::api {
namespace {

constexpr std::size_t kMostReaders = 16;
constexpr std::size_t kMostTasks = 200'000;  // of the states that readers hold, all together

}  // namespace

Result<json::object> EventPages::read(const std::string& run, std::uint64_t after,
                                      std::uint32_t limit) {
  std::unique_ptr<JournalFollower> reader = take(run, after);
  json::array events;
  std::uint64_t next = after;
  const auto done = reader->read(after, [&](const WatchEvent& event) {
    events.push_back(event.event);
    next = event.sequence;
    return events.size() < limit;
  });
  if (done.ok()) {
    keep(std::move(reader));
  } else if (done.error().code != ErrorCode::kCorrupt) {
    return done.error();
  }
  return json::object{{"events", std::move(events)}, {"next", next}};
}

// The reader that stands nearest before what is asked for; a new one where there is none.
std::unique_ptr<JournalFollower> EventPages::take(const std::string& run, std::uint64_t after) {
  const std::lock_guard lock(mutex_);
  auto best = readers_.end();
  for (auto reader = readers_.begin(); reader != readers_.end(); ++reader) {
    const RunState& state = (*reader)->state();
    if (state.id != run || state.last_sequence > after) continue;
    if (best == readers_.end() || state.last_sequence > (*best)->state().last_sequence)
      best = reader;
  }
  if (best == readers_.end()) return std::make_unique<JournalFollower>(store_, run);
  std::unique_ptr<JournalFollower> taken = std::move(*best);
  readers_.erase(best);
  return taken;
}

void EventPages::keep(std::unique_ptr<JournalFollower> reader) {
  const std::lock_guard lock(mutex_);
  readers_.push_front(std::move(reader));
  std::size_t tasks = 0;
  std::size_t kept = 0;
  const auto rest = std::ranges::find_if(readers_, [&](const auto& each) {
    tasks += each->state().tasks.size();
    return ++kept > kMostReaders || tasks > kMostTasks;
  });
  readers_.erase(rest, readers_.end());
}

}  // namespace cairn::api
