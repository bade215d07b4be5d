// Reads journals of format 1, whose events named tasks and knew one task a stage.
#pragma once

#include <string_view>
#include <vector>

#include "core/engine/state.h"

namespace cairn {

// The events of today that say the same, for a run that is in this state; none where format 1 wrote
// down what is no event any more. kCorrupt: the bytes are no event of format 1.
[[nodiscard]] Result<std::vector<Event>> upgrade_event(std::string_view bytes,
                                                       const RunState& state);

}  // namespace cairn
