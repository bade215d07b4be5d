// What is kept of many points of a metric at once.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace cairn {

struct StepValue {
  std::int64_t step = 0;
  double value = 0;  // may be no number, or infinite
};

// Points in the order in which they were written; their steps may go back.
struct MetricSummary {
  std::int64_t step_min = std::numeric_limits<std::int64_t>::max();
  std::int64_t step_max = std::numeric_limits<std::int64_t>::min();
  double first = 0;  // at step_min; the first written of several
  double last = 0;   // at step_max; the last written of several
  // Of finite values; infinity and minus infinity where there are none.
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  std::uint64_t count = 0;
  std::uint64_t nan = 0;  // of these, no numbers or infinite

  void add(const StepValue& point) {
    if (point.step < step_min) {
      step_min = point.step;
      first = point.value;
    }
    if (point.step >= step_max) {
      step_max = point.step;
      last = point.value;
    }
    ++count;
    if (!std::isfinite(point.value)) {
      ++nan;
      return;
    }
    min = std::min(min, point.value);
    max = std::max(max, point.value);
  }
  // later: of points that were written after these.
  void merge(const MetricSummary& later) {
    if (later.step_min < step_min) {
      step_min = later.step_min;
      first = later.first;
    }
    if (later.count > 0 && later.step_max >= step_max) {
      step_max = later.step_max;
      last = later.last;
    }
    count += later.count;
    nan += later.nan;
    min = std::min(min, later.min);
    max = std::max(max, later.max);
  }
};

}  // namespace cairn
