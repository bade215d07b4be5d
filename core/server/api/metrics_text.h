// What /metrics says: OpenMetrics text of the engine and of the HTTP server. Pure.
//
// Labels come from closed sets: no run, task or token is one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/engine/scheduler.h"
#include "core/http/observe.h"

namespace cairn::api {

struct MetricValues {
  std::string version;
  WallTime started_at{};
  std::map<std::string, std::uint64_t> runs;   // by status; of all there are
  std::map<std::string, std::uint64_t> tasks;  // by status; of the runs that go on
  // Attempts that have ended since the start, by stage type and cause; empty: they succeeded.
  std::map<std::pair<std::string, std::string>, std::uint64_t> attempts;
  SchedulerTimings timings;
  std::uint64_t journal_sequence = 0;
  std::uint64_t cpus = 0;
  std::uint64_t cpus_in_use = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_in_use = 0;
  std::uint64_t disk_free_bytes = 0;
  std::uint64_t resident_bytes = 0;  // of this process
  std::uint64_t open_files = 0;
  std::size_t event_listeners = 0;
  bool halted = false;
  http::Counts http;
};

// With its "# EOF".
[[nodiscard]] std::string metrics_text(const MetricValues& values);

}  // namespace cairn::api
