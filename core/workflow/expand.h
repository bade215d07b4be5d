// Tasks of a foreach, once its list is there.
#pragma once

#include <string_view>

#include "core/workflow/spec.h"

namespace cairn {

inline constexpr std::size_t kMaxTasks = 1'000'000;  // of one stage

// text: a JSON array, or JSON Lines. Labels are the items' `id` where every item has one that is
// unique, else their places from 0. Errors name the item and the parameter.
[[nodiscard]] Result<Cells> expand_foreach(const WorkflowSpec& workflow, const StageSpec& stage,
                                           std::string_view text);

}  // namespace cairn
