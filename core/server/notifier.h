// Notifier: runs the commands of `notify:` beside the engine.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/engine/state.h"

namespace cairn {

// Thread-safe. One command at a time, in the order of the events; each by /bin/sh -c with
// CAIRN_RUN, CAIRN_RUN_ID (the same), CAIRN_STATUS and CAIRN_NAME in its environment, killed after
// the timeout. What it prints and how it ends goes to the engine's log.
class Notifier {
 public:
  Notifier(std::vector<std::string> environment, Duration timeout)
      : environment_(std::move(environment)), timeout_(timeout) {}
  // Waits for what was asked for, each command no longer than its timeout.
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // what: "waiting", or the status a run has ended with. Does nothing where the workflow did not
  // ask to hear of it.
  void notify(const RunState& state, const std::string& what);

 private:
  struct Job {
    std::string command;
    std::string run;
    std::string name;
    std::string status;
  };
  void work();
  void run(const Job& job) const;

  const std::vector<std::string> environment_;
  const Duration timeout_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;  // guarded by mutex_
  bool ending_ = false;   // guarded by mutex_
  std::thread thread_;    // started by the first job
};

// Whether a workflow wants to hear of it: `failed`, `finished` (any end) or `waiting`.
[[nodiscard]] bool wants_to_hear(const NotifySpec& notify, const std::string& what);

}  // namespace cairn
