// What a replay runs: one task as it was recorded, and what it needs. Pure.
#pragma once

#include <string>

#include "core/engine/state.h"

namespace cairn {

// The workflow of one task: its stage, cut down to this task, and the stages it gets its inputs
// from, whose results are known. No conditions, approvals, watchdogs or notices: what they decided
// is decided. kConflict: the task's outputs are not a function of its recorded parameters alone
// (amended by a watchdog, forked at a step), or it has not succeeded.
[[nodiscard]] Result<WorkflowSpec> replay_workflow(const RunState& state, std::uint32_t task);

// {"equal":bool,"outputs":[{"name","recorded","replayed"}]}
[[nodiscard]] json::object compare_outputs(const std::vector<Artifact>& recorded,
                                           const std::vector<Artifact>& replayed);

}  // namespace cairn
