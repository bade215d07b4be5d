#include "core/host/worker.h"

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>

#include "core/host/process_guard.h"

namespace cairn::host {
namespace {

// An attempt that has run for as long is one of the long ones: what it prints is worth a file
// while it runs.
constexpr Duration kLong{1000};

// A run's revision may number its tasks anew; tokens are never given twice.
bool same(const v1::AttemptId& a, const v1::AttemptId& b) {
  return a.token() == b.token() && a.run() == b.run();
}

}  // namespace

void Worker::start() {
  ended_ = shop_.clock.monotonic();
  std::thread([this] {
    guard_this_thread();
    run();
  }).detach();
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (queue_.empty()) wait_for_order(lock);
    running_ = std::make_unique<Attempt>(shop_, std::move(queue_.front()));
    queue_.pop_front();
    waiting_ = queue_.size();
    lock.unlock();
    running_->run();
    lock.lock();
    running_.reset();
  }
}

void Worker::wait_for_order(std::unique_lock<std::mutex>& lock) {
  ended_ = shop_.clock.monotonic();
  if (const auto callback = std::exchange(when_idle_, nullptr)) callback();
  changed_.wait(lock, [&] { return !queue_.empty(); });
}

void Worker::add(std::vector<Order> orders) {
  const std::lock_guard lock(mutex_);
  queue_.insert(queue_.end(), std::make_move_iterator(orders.begin()),
                std::make_move_iterator(orders.end()));
  waiting_ = queue_.size();
  if (!running_) changed_.notify_one();
}

bool Worker::stop(const v1::AttemptId& id, const std::string& cause) {
  const std::lock_guard lock(mutex_);
  if (!running_ || !same(running_->id(), id)) return false;
  running_->stop(cause);
  return true;
}

bool Worker::stop(const std::string& cause) {
  const std::lock_guard lock(mutex_);
  if (!running_) return false;
  running_->stop(cause);
  return true;
}

std::optional<Order> Worker::take(const v1::AttemptId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(queue_.begin(), queue_.end(), [&](const Order& order) {
    return same(order.assignment.attempt(), id);
  });
  if (found == queue_.end()) return std::nullopt;
  Order order = std::move(*found);
  queue_.erase(found);
  waiting_ = queue_.size();
  return order;
}

std::deque<Order> Worker::take_all() {
  const std::lock_guard lock(mutex_);
  waiting_ = 0;
  return std::exchange(queue_, {});
}

void Worker::when_idle(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (running_ || !queue_.empty()) {
      when_idle_ = std::move(callback);
      return;
    }
  }
  callback();
}

std::optional<Duration> Worker::idle_since() const {
  const std::lock_guard lock(mutex_);
  if (running_ || !queue_.empty()) return std::nullopt;
  return ended_;
}

std::vector<v1::AttemptId> Worker::orders() const {
  const std::lock_guard lock(mutex_);
  std::vector<v1::AttemptId> list;
  if (running_) list.push_back(running_->id());
  for (const Order& order : queue_) list.push_back(order.assignment.attempt());
  return list;
}

std::optional<v1::HostReport> Worker::beat() {
  const std::lock_guard lock(mutex_);
  if (!running_) return std::nullopt;
  if (shop_.clock.monotonic() - running_->began() >= kLong) running_->divert_output();
  running_->shorten_output();
  return running_->heartbeat();
}

std::optional<v1::HostReport> Worker::outgrown(std::uint64_t taken) {
  const std::lock_guard lock(mutex_);
  return running_ ? running_->outgrown(taken) : std::nullopt;
}

bool Worker::folder_exists() const {
  const std::lock_guard lock(mutex_);
  return !running_ || running_->folder_exists();
}

}  // namespace cairn::host
