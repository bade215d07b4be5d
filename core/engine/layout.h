// How a run's tasks are numbered.
#pragma once

#include "core/engine/state.h"

namespace cairn {

// A workflow as events hold it.
[[nodiscard]] Result<std::shared_ptr<const WorkflowSpec>> parse_workflow(const std::string& text);

// Fresh stages and tasks of a workflow: numbers, edges, nothing begun. kInternal: a stage needs one
// that does not stand before it. (A spec made by core/workflow has no such stage.)
[[nodiscard]] Result<void> lay_out(RunState& state, std::shared_ptr<const WorkflowSpec> spec);

// The run's stages and tasks under the next revision's workflow: tasks of the same stage and label
// keep their state; those of collapsed stages are given up, but for the first.
// kInternal: the stages have other names.
[[nodiscard]] Result<void> lay_out_again(RunState& state, std::shared_ptr<const WorkflowSpec> spec,
                                         const std::vector<std::uint32_t>& collapsed);

// A foreach's tasks are known: they are added behind all others.
void expand_stage(RunState& state, std::uint32_t stage, std::shared_ptr<const Cells> cells);

// Sets what is counted over tasks from the tasks.
void count_tasks(RunState& state);

}  // namespace cairn
