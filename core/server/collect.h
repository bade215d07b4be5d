// Garbage collection: gathers what runs and the cache name, and carries out the plan of
// core/artifacts/gc_plan.h.
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
  std::uint64_t sequence = 0;           // of the journal when it was gathered
};
// Folds every journal.
[[nodiscard]] Result<Gathered> gather_garbage(const RunStore& store, const ContentStore& artifacts);

struct GcOutcome {
  std::vector<Error> problems;  // what could not be removed
  std::uint64_t leftover_bytes = 0;
};
// Cache entries first, so that none ever names an artifact that is gone; then the artifacts, and
// what earlier removals, broken writes and damage left. Nobody may publish meanwhile.
[[nodiscard]] Result<GcOutcome> carry_out(const GcPlan& plan, RunStore& store,
                                          ContentStore& artifacts);

// {"dry_run","freed_bytes","artifacts":[{"digest","bytes","because"}],"uncached","kept",
//  "kept_because":{"needed","best","results","cached"},"kept_bytes","above_quota"}
[[nodiscard]] json::object gc_view(const GcPlan& plan, bool dry_run);

}  // namespace cairn
