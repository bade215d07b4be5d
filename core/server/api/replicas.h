// Replicas: runs as they are now, read from the journal beside the engine. Reading a run costs the
// scheduler's strand nothing but what heartbeats said, at most ten times a second for each run.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>

#include "core/base/clock.h"
#include "core/engine/scheduler.h"
#include "core/engine/state.h"
#include "core/store/run_store.h"

namespace cairn::api {

// A run at one moment.
struct RunNow {
  const RunState& state;
  bool served;            // an engine runs it, or it has ended
  const LiveTasks& live;  // of its running tasks
};

// Thread-safe. Everything that was acknowledged before a call is in what it sees.
class Replicas {
 public:
  // scheduler: null where no engine runs them. All outlive it; call it not on the strand, nor while
  // nothing runs the io_context.
  Replicas(const RunStore& store, Scheduler* scheduler, const Clock& clock)
      : store_(store), scheduler_(scheduler), clock_(clock) {}

  // Runs the function on the run; nothing may be kept of it. kNotFound: no such run.
  using Use = std::function<void(const RunNow& now)>;
  [[nodiscard]] Result<void> with(const std::string& run, const Use& use);

  // A heartbeat of the run came. On the strand.
  void note_progress(const std::string& run);

 private:
  struct Replica {
    std::shared_mutex mutex;  // of all below but used
    RunState state;
    bool loaded = false;
    bool served = false;
    LiveTasks live;
    Duration live_at{-1'000'000};
    std::uint64_t used = 0;  // guarded by Replicas::mutex_
  };

  [[nodiscard]] std::shared_ptr<Replica> find(const std::string& run);
  [[nodiscard]] Result<void> refresh(const std::string& run, Replica& replica);
  void forget(const std::string& run);
  void trim();

  const RunStore& store_;
  Scheduler* scheduler_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Replica>> replicas_;
  std::set<std::string> moved_;  // whose heartbeats were not read yet
  std::uint64_t uses_ = 0;
};

}  // namespace cairn::api
