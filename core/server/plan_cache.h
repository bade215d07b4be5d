// What earlier runs left, for the plan of another.
#pragma once

#include "core/base/files.h"
#include "core/store/run_store.h"
#include "core/workflow/plan.h"
#include "core/workflow/spec.h"

namespace cairn {

// The sources ask the store as long as they live; it outlives them.
[[nodiscard]] Result<PlanSources> plan_sources(const RunStore& store, const fs::path& store_folder,
                                               const WorkflowSpec& spec);

// The same for a new run made from another: what a rerun makes anew is not looked up.
//   stage       the one that is asked for
//   checkpoint  of a fork: the step of the checkpoint that the stage goes on from
[[nodiscard]] PlanSources derived_sources(PlanSources sources, const std::string& stage,
                                          std::optional<std::int64_t> checkpoint);

}  // namespace cairn
