// WorkBudget: how long one call may work before it says where to go on.
#pragma once

#include "core/base/clock.h"

namespace cairn {

class WorkBudget {
 public:
  // The clock outlives it.
  WorkBudget(const Clock& clock, Duration limit)
      : clock_(&clock), end_(clock.monotonic() + limit) {}
  [[nodiscard]] bool spent() const { return clock_->monotonic() >= end_; }
  [[nodiscard]] const Clock& clock() const { return *clock_; }

 private:
  const Clock* clock_;
  Duration end_;
};

}  // namespace cairn
