// What is noted with a run about where it was submitted from.
#pragma once

#include "core/cli/cli.h"
#include "core/workflow/spec.h"

namespace cairn {

// {"cairn","host","kernel","cpu","git"?:{"commit","dirty","diff"?},"plugins":{PATH:DIGEST},
//  "variables":{}}; what cannot be found out is left out. Variables: those that change how programs
// compute, and those the configuration names.
[[nodiscard]] json::object capture_environment(const Cli& cli, const WorkflowSpec& spec);

// $TRACEPARENT, so that a run is part of the trace of the program that asks for it; empty where
// there is none, or no valid one.
[[nodiscard]] std::string traceparent_of(const Cli& cli);

}  // namespace cairn
