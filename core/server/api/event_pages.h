// EventPages: pages of a run's journal, at a cost of what is on the page and not of what comes
// before it, for whoever reads on from where a page has ended.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "core/base/json.h"
#include "core/server/journal_follower.h"
#include "core/store/run_store.h"

namespace cairn::api {

// Thread-safe.
class EventPages {
 public:
  explicit EventPages(const RunStore& store) : store_(store) {}  // outlives it

  // {"events": [...], "next": SEQUENCE}: those with a larger sequence than `after`, `limit` of them
  // and what else the last one's record holds. `next` is the last one's sequence, or `after`.
  // A record that cannot be read ends the journal: the run's document says so.
  [[nodiscard]] Result<json::object> read(const std::string& run, std::uint64_t after,
                                          std::uint32_t limit);

 private:
  [[nodiscard]] std::unique_ptr<JournalFollower> take(const std::string& run, std::uint64_t after);
  void keep(std::unique_ptr<JournalFollower> reader);

  const RunStore& store_;
  std::mutex mutex_;
  // Where earlier pages have ended, the latest first; guarded by mutex_.
  std::list<std::unique_ptr<JournalFollower>> readers_;
};

}  // namespace cairn::api
