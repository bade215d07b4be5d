// What a host must have in its environment for the secrets of its tasks.
#pragma once

#include <set>
#include <string>

#include "core/workflow/spec.h"

namespace cairn {

// NAME of every secret env:NAME below a value.
void add_secret_variables(const json::value& value, std::set<std::string>& names);

// Of everything that tasks of the stage may be given as parameters: in any of its cells, by a
// watchdog, and, for a foreach, of all that the workflow hands to it. The items of a list are data
// and name no secrets.
[[nodiscard]] std::set<std::string> secret_variables(const WorkflowSpec& workflow,
                                                     const StageSpec& stage);

}  // namespace cairn
