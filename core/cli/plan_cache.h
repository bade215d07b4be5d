// What earlier runs in the state folder left, for `cairn plan`.
#pragma once

#include "core/cli/cli.h"
#include "core/workflow/plan.h"
#include "core/workflow/spec.h"

namespace cairn {

// Without a state folder: no sources, everything runs. The store is only read.
[[nodiscard]] Result<PlanSources> plan_sources(const Cli& cli, const WorkflowSpec& spec);

}  // namespace cairn
