// ManualClock: time that a test moves by hand.
#pragma once

#include <mutex>

#include "core/base/clock.h"

namespace cairn::testing {

// Thread-safe. Starts at 2026-01-01T00:00:00Z, monotonic time at 0.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override {
    const std::lock_guard lock(mutex_);
    return start_ + passed_;
  }
  [[nodiscard]] Duration monotonic() const override {
    const std::lock_guard lock(mutex_);
    return passed_;
  }
  void advance(Duration time) {
    const std::lock_guard lock(mutex_);
    passed_ += time;
  }

  // The wall clock is set, forward or back; monotonic time knows nothing of it.
  void jump(Duration by) {
    const std::lock_guard lock(mutex_);
    start_ += by;
  }

 private:
  mutable std::mutex mutex_;
  WallTime start_{Duration{1'767'225'600'000}};
  Duration passed_{0};
};

}  // namespace cairn::testing
