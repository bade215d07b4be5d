// EventHub: tells clients what happens, over streams that are never waited for.
//
// Ten times a second at most, what has changed since the last time is put together once and sent
// to everyone who is up to date. Who is not (a new client, one that comes back with an id, one
// whose buffer was full) is told what it lacks at its own pace: the hub keeps a number for each
// client, and at most one event. A run's journal is read once for all who listen to it, from where
// the first of them stood, and its newest pieces are kept for a while; only who needs what is older
// reads it alone. An event's id is a sequence of the journal, and a client that has an event has
// everything up to its id.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/http/exchange.h"
#include "core/server/api/engine_runs.h"
#include "core/server/api/states.h"
#include "core/server/journal_follower.h"

namespace cairn::api {

struct Topics {
  bool runs = true;
  bool states = true;
  bool events = true;
  bool progress = true;
  auto operator<=>(const Topics&) const = default;
};
// "runs,states"; empty: all. kInvalidArgument: a word that is no topic.
[[nodiscard]] Result<Topics> parse_topics(const std::string& text);

struct Listening {
  std::string run;  // id; empty: only what concerns all runs
  Topics topics;
  std::optional<std::uint64_t> after;  // nothing: from now on, with a snapshot of the run
  bool lines = false;                  // JSON Lines; else server-sent events
};

// Thread-safe.
class EventHub {
 public:
  // All outlive it. The scheduler's io_context runs from before until after it.
  EventHub(Scheduler& scheduler, EngineRuns& runs, const RunStore& store,
           const Clock& clock = system_clock());
  // Closes every stream.
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // Sends until the client has gone, or the hub ends.
  void listen(Listening wish, std::shared_ptr<http::Stream> stream);
  void close();
  [[nodiscard]] std::size_t listeners();

 private:
  struct Listener {
    Listening wish;
    std::shared_ptr<http::Stream> stream;
    std::uint64_t position = 0;               // it has everything up to here
    bool fresh = true;                        // it has not been told how things are yet
    bool in_step = false;                     // it has had all that was sent
    std::unique_ptr<JournalFollower> behind;  // while it catches up on events
    std::string unsent;                       // events that its buffer had no room for, and
    std::uint64_t unsent_id = 0;              // the sequence of the last of them
  };
  // Events of the journal between two positions, as elements of "events".
  struct Piece {
    std::uint64_t after = 0;
    std::uint64_t until = 0;
    std::string events;
    std::vector<std::pair<std::uint64_t, std::size_t>> starts;  // sequence, where its events begin

    // What of it comes behind `position`.
    [[nodiscard]] std::string_view behind(std::uint64_t position) const;
  };
  // How a run is, for who has not been told: members and elements like those of Feed.
  struct Standing {
    std::string snapshot;
    std::string progress;
  };
  // What all listeners of a run share.
  struct Feed {
    std::size_t listeners = 0;
    std::unique_ptr<JournalFollower> journal;  // once anyone wants events
    std::optional<Letters> letters;
    std::uint32_t revision = 0;
    std::string states;    // member of the next event: "states":{...} or "snapshot":{...}
    std::string progress;  // elements of "progress"
    std::optional<Standing> standing;  // as of this tick, once anyone new has asked
    // The newest pieces, one behind the other: for who is a little behind. What they leave out
    // between recent_from and recent_until has no event.
    std::deque<Piece> recent;
    std::size_t recent_bytes = 0;
    std::uint64_t recent_from = 0;
    std::uint64_t recent_until = 0;
    std::size_t pieces_now = 0;  // of this tick, at the end of `recent`
  };
  struct Moved {
    std::set<std::string> runs;
    std::set<std::string> progress;
    std::set<std::string> deleted;
    std::uint64_t position = 0;
  };

  void note_deleted(const std::string& run);
  void work();
  void tick(const Moved& moved);
  void refresh_feed(const std::string& run, Feed& feed, const Moved& moved);
  [[nodiscard]] std::string rows_text(const std::set<std::string>& runs,
                                      const std::set<std::string>& deleted);
  [[nodiscard]] http::Sent serve(Listener& listener, const Moved& moved);
  [[nodiscard]] http::Sent send_shared(Listener& listener, const Moved& moved);
  [[nodiscard]] http::Sent catch_up(Listener& listener, const Moved& moved);
  [[nodiscard]] http::Sent catch_up_events(Listener& listener, std::uint64_t until, bool& done);
  [[nodiscard]] http::Sent read_events(Listener& listener, std::uint64_t until, bool& done);
  [[nodiscard]] static http::Sent send_pieces(Listener& listener, const Feed& feed,
                                              std::uint64_t until, bool& done);
  [[nodiscard]] const Standing& standing(const std::string& run, Feed& feed);
  void add_pieces(const std::string& run, Feed& feed, std::uint64_t until, std::size_t most_bytes);
  [[nodiscard]] static http::Sent send(Listener& listener, std::uint64_t id,
                                       const std::string& members);

  Scheduler& scheduler_;
  EngineRuns& runs_;
  const RunStore& store_;
  const Clock& clock_;
  int subscription_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  Moved moved_;                        // guarded by mutex_
  std::list<Listener> new_listeners_;  // guarded by mutex_
  bool closing_ = false;               // guarded by mutex_
  std::size_t count_ = 0;              // guarded by mutex_

  // Of the thread.
  std::list<Listener> listeners_;
  std::map<std::string, Feed> feeds_;
  std::map<std::string, std::uint64_t> changed_;  // when a run changed last, since the hub began
  std::map<std::string, std::uint64_t> deleted_;
  std::uint64_t began_at_ = 0;
  std::uint64_t last_position_ = 0;
  std::map<std::tuple<std::string, Topics, bool>, std::string> shared_;  // bytes of this tick
  std::string rows_;                                                     // of this tick
  Duration last_ping_{};
  std::thread thread_;
};

}  // namespace cairn::api
