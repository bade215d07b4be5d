// TailHub: sends what an attempt writes, as it writes it, over streams that are never waited for.
//
// An event's id is the place behind what it holds, "ATTEMPT:OFFSET": a client that comes back with
// its last one loses nothing and has nothing twice. Each client is read for on its own, so one that
// is slow holds up nobody and costs no memory.
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/base/clock.h"
#include "core/http/exchange.h"
#include "core/server/api/engine_runs.h"
#include "core/server/api/task_place.h"
#include "core/server/reading/indexes.h"
#include "core/server/reading/line_files.h"
#include "core/server/reading/log_line.h"

namespace cairn::api {

struct TailWish {
  enum class What { kLog, kOutput, kMetrics };
  std::string run;
  std::string stage;
  What what = What::kLog;
  Cursor from;  // attempt 0: the newest one's beginning
};

// Events: `lines` {"items":[LogLine]}, `points` {"points":[{"name","step","value","runtime"?}]},
// and `end` {"status": of the task} once nothing more will be written; the stream ends with it.
// Thread-safe.
class TailHub {
 public:
  // Both outlive it.
  TailHub(EngineRuns& runs, Indexes& indexes, const Clock& clock = system_clock());
  ~TailHub();
  TailHub(const TailHub&) = delete;
  TailHub& operator=(const TailHub&) = delete;

  // Errors of find_task_place.
  [[nodiscard]] Result<void> look(const TailWish& wish);
  void listen(TailWish wish, std::shared_ptr<http::Stream> stream);
  void close();

 private:
  struct Listener {
    TailWish wish;
    std::shared_ptr<http::Stream> stream;
    std::optional<TaskPlaceFound> place;
    Duration looked_at{};
  };

  void work();
  // kGone: it is to be forgotten.
  [[nodiscard]] http::Sent serve(Listener& listener);
  [[nodiscard]] http::Sent serve_lines(Listener& listener, bool& more);
  [[nodiscard]] http::Sent serve_points(Listener& listener, bool& more);
  [[nodiscard]] static http::Sent send(Listener& listener, const char* name, std::uint64_t offset,
                                       const json::object& data);

  EngineRuns& runs_;
  Indexes& indexes_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Listener> new_listeners_;  // guarded by mutex_
  bool closing_ = false;               // guarded by mutex_
  std::list<Listener> listeners_;      // of the thread
  Duration last_ping_{};               // of the thread
  std::thread thread_;
};

}  // namespace cairn::api
