// A stage that waits for a debugger before it runs (`cairn run --debug-stage`).
//
// CAIRN_DEBUG_STAGE in the host's environment names the stage, CAIRN_DEBUG_FILE the file that this
// process's id goes to, so that whoever asked can say how to attach.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/sdk/context.h"

namespace cairn::host {

// Returns at once for other stages; else when a debugger has attached or the attempt is asked to
// stop. task_folder: of the attempt, runs/RUN/STAGE….
[[nodiscard]] Result<void> wait_for_debugger(std::string_view task_folder, StageContext& ctx);

}  // namespace cairn::host
