#include "core/server/journal_follower.h"

#include "core/engine/load.h"
#include "core/engine/step.h"
#include "core/engine/view.h"

namespace cairn {

Result<void> JournalFollower::read(std::uint64_t after, const RunSource::OnEvent& on_event,
                                   std::uint64_t until) {
  std::optional<Error> broken;
  const auto read = store_.read_journal(
      state_.id, state_.last_sequence, [&](std::uint64_t sequence, std::string_view bytes) {
        if (sequence > until) return false;
        auto events = decode_record(bytes, state_);
        if (!events.ok()) {
          broken = std::move(events).error();
          return false;
        }
        bool go_on = true;
        for (const Event& event : *events) {
          if (auto stepped = step(state_, event); !stepped.ok()) {
            broken = std::move(stepped).error();
            return false;
          }
          if (sequence > after && !on_event({sequence, event_view(state_, sequence, event)}))
            go_on = false;
        }
        state_.last_sequence = sequence;
        return go_on;
      });
  CAIRN_TRY(read);
  if (broken) {
    return with_context(std::move(*broken), "journal of run " + state_.id + ", after record " +
                                                std::to_string(state_.last_sequence));
  }
  return {};
}

}  // namespace cairn
