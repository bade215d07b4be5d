#include "core/http/observe.h"

#include <algorithm>

namespace cairn::http {

void Tally::add(const Answered& answered) {
  const std::lock_guard lock(mutex_);
  RouteCounts& route = counts_.routes[{answered.method, answered.pattern}];
  ++route.by_class.at(static_cast<std::size_t>(std::clamp(answered.status / 100, 0, 5)));
  route.bytes += answered.bytes;
  if (answered.stream) return;
  const auto time = std::max<std::int64_t>(0, answered.time.count());
  const auto* end = std::ranges::lower_bound(kDurationClasses, time);
  ++route.durations.at(static_cast<std::size_t>(end - kDurationClasses.begin()));
  route.milliseconds += static_cast<std::uint64_t>(time);
}

void Tally::turned_away() {
  const std::lock_guard lock(mutex_);
  ++counts_.turned_away;
}

Counts Tally::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace cairn::http
