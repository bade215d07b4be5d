// How long the rest of a run takes, as far as that can be said: from what running tasks report,
// from tasks of the same stage that have ended, and from the run of the same name before it. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/scheduler.h"
#include "core/engine/state.h"

namespace cairn::api {

// How a stage went.
struct Pace {
  double seconds = 0;       // median of its tasks that succeeded and were not reused
  std::size_t ended = 0;    // such tasks
  std::uint32_t tasks = 0;  // in all
  double at_once = 1;       // of them, on average
};
// By "NAME USES"; stages without such a task are left out.
using Paces = std::map<std::string, Pace, std::less<>>;
[[nodiscard]] Paces paces_of(const RunState& state);

struct EarlierRun {
  std::string run;
  Paces paces;
};

struct Estimate {
  // Seconds from `now` on; nothing where it cannot be said, and then `why_not` is not empty.
  std::optional<double> rest;
  std::vector<std::string> basis;  // what it is made of, and what is not in it
  std::string why_not;
};
// The run is served and has not ended. Between stages that do not need each other it is as if all
// ran at once, but for the machine's CPUs and GPUs. earlier: null where there is none.
[[nodiscard]] Estimate estimate_rest(const RunState& state, const LiveTasks& live,
                                     const ResourceTotals& totals, const EarlierRun* earlier,
                                     WallTime now);

}  // namespace cairn::api
