// JournalFollower: a run's journal read on and on, each event as its document.
#pragma once

#include "core/engine/state.h"
#include "core/server/run_source.h"
#include "core/store/run_store.h"

namespace cairn {

// Keeps the state of the run as far as it was read, for events name stages and tasks by numbers;
// so each call costs what is new. Not thread-safe.
class JournalFollower {
 public:
  JournalFollower(const RunStore& store, std::string run) : store_(store) {
    state_.id = std::move(run);
  }

  // Calls back with what was journaled since the last call, events up to `after` left out, until
  // the callback returns false; the other events of that one's record are still given. Records
  // above `until` are left for later. A record that cannot be read ends it for good.
  [[nodiscard]] Result<void> read(std::uint64_t after, const RunSource::OnEvent& on_event,
                                  std::uint64_t until = ~std::uint64_t{0});
  [[nodiscard]] const RunState& state() const { return state_; }

 private:
  const RunStore& store_;
  RunState state_;
};

}  // namespace cairn
