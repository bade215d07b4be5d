// What stands above a run: small however many stages and tasks it has. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/server/api/estimate.h"
#include "core/server/api/replicas.h"

namespace cairn::api {

// Results that were reused, by the run that made them.
struct ReusedTask {
  std::string task;          // its name there
  std::uint32_t number = 0;  // of the task that reuses it, most likely its number there too
};
using ReusedTasks = std::map<std::string, std::vector<ReusedTask>, std::less<>>;
[[nodiscard]] ReusedTasks reused_tasks(const RunState& state);

// What reuse saved: what the attempts cost that made the results.
struct Saved {
  std::uint64_t tasks = 0;  // whose cost is known
  double seconds = 0;
  double gpu_seconds = 0;
};
// Adds those that `origin` made.
void add_saved(Saved& saved, const RunState& origin, const std::vector<ReusedTask>& tasks);

struct HeadSources {
  ResourceTotals totals;
  const EarlierRun* earlier = nullptr;
  std::optional<Saved> saved;
  WallTime now{};
};
// `RunHead`.
[[nodiscard]] json::object head_view(const RunNow& run, const HeadSources& sources);

}  // namespace cairn::api
