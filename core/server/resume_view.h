// What a resume does with each stage, as a document.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/engine/state.h"

namespace cairn {

// The newest checkpoint of a task's folder (relative to the store) up to a step; -1: any.
using NewestStep =
    std::function<std::optional<std::int64_t>(const std::string& task_folder, std::int64_t most)>;

// {"id","revision","stages":[{"name","uses","tasks","action","step"?,"because":[...],
//  "differs":[...]?,"by_action"?,"saved"?}]}, as the plan's: action is run, continue, reuse or
//  skip; differs
// names the parts of the stage's parameters that are others than before; by_action counts the
// tasks of a stage that has several.
//   before  the run when the resume was planned
//   plan    what Scheduler::resume or preview_resume gave
[[nodiscard]] Result<json::object> resume_view(const RunState& before, const v1::RunResumed& plan,
                                               const NewestStep& newest_step);

}  // namespace cairn
