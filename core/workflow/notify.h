// `notify:` of a workflow: a command for people who do not watch.
#pragma once

#include "core/workflow/resolver.h"
#include "core/workflow/spec.h"

namespace cairn {

// Expressions of `run` become shell variables that its first lines set, so that a value is never
// read as code; `${run.id}` becomes "${CAIRN_RUN_ID}", which whoever runs it sets.
[[nodiscard]] NotifySpec read_notify(const YamlNode& node, const Resolver& resolver,
                                     Diagnostics& diagnostics);

}  // namespace cairn
