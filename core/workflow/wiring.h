// What stands between stages: inputs, outputs, order.
#pragma once

#include <vector>

#include "core/workflow/stage_reader.h"

namespace cairn {

// Fills inputs, outputs and after of every draft's spec and gives the stages in topological order,
// ties in the order of the file. Reported: unknown stages, ports and outputs, kinds that do not
// match, missing inputs, many outputs for an input that takes one, lists of a foreach that are
// none, handlers of a failure that need what has failed, cycles by their path, conditions that read
// a stage nobody waits for. Empty where there is an error.
[[nodiscard]] std::vector<StageSpec> wire_stages(std::vector<StageDraft> drafts,
                                                 const Registry& registry,
                                                 Diagnostics& diagnostics);

}  // namespace cairn
