// Worker: the one thread on which stages run, and the assignments that wait for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/host/attempt.h"

namespace cairn::host {

// Thread-safe. Its thread ends with the process only: a stage may never return.
class Worker {
 public:
  explicit Worker(Workshop& shop) : shop_(shop) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();
  void add(std::vector<Order> orders);
  // Whether orders wait behind the running one; cheap.
  [[nodiscard]] bool has_more() const { return waiting_ > 0; }

  // Asks the running attempt to stop; false if it is not this one.
  bool stop(const v1::AttemptId& id, const std::string& cause);
  bool stop(const std::string& cause);
  // Takes an order, or all, out of the queue.
  [[nodiscard]] std::optional<Order> take(const v1::AttemptId& id);
  [[nodiscard]] std::deque<Order> take_all();

  // Called once, from the worker's thread, when nothing is left to do; at once if that is so.
  void when_idle(std::function<void()> callback);
  // Since when there is nothing to do; nothing while there is.
  [[nodiscard]] std::optional<Duration> idle_since() const;
  [[nodiscard]] bool idle() const { return idle_since().has_value(); }
  // The running attempt first.
  [[nodiscard]] std::vector<v1::AttemptId> orders() const;

  // About once a second: looks after the output of the running attempt. Its heartbeat.
  [[nodiscard]] std::optional<v1::HostReport> beat();
  // The last report of a running attempt that has outgrown its memory: see Attempt.
  [[nodiscard]] std::optional<v1::HostReport> outgrown(std::uint64_t taken);
  // False when the folder of the running attempt was taken away.
  [[nodiscard]] bool folder_exists() const;

 private:
  void run();
  void wait_for_order(std::unique_lock<std::mutex>& lock);

  Workshop& shop_;
  std::atomic<std::size_t> waiting_{0};  // size of queue_
  mutable std::mutex mutex_;             // guards what follows
  std::condition_variable changed_;
  std::deque<Order> queue_;
  std::unique_ptr<Attempt> running_;
  Duration ended_{0};  // when the last attempt had ended
  std::function<void()> when_idle_;
};

}  // namespace cairn::host
