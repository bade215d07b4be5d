// Garbage collection: gathers what runs and the cache name for the plan of
// core/artifacts/gc_plan.h. EngineControl::collect carries it out.
#pragma once

#include "core/artifacts/gc_plan.h"
#include "core/base/json.h"
#include "core/store/run_store.h"

namespace cairn {

// "METRIC:K"; "-METRIC:K" where smaller is better.
[[nodiscard]] Result<KeepBest> parse_keep_best(const std::string& text);

struct Gathered {
  GcInput input;
  std::vector<std::string> unfinished;  // runs whose hosts may make artifacts now
};
// Folds every journal.
[[nodiscard]] Result<Gathered> gather_garbage(const RunStore& store, const ContentStore& artifacts);

// {"dry_run","resumable":[{"run","artifacts","bytes","missing"}],"freed_bytes","artifacts":[{"digest","bytes","because"}],"uncached","kept",
//  "kept_because":{"needed","best","results","cached","in_use"},"kept_bytes","above_quota"}
[[nodiscard]] json::object gc_view(const GcPlan& plan, bool dry_run);

}  // namespace cairn
