// What a state asks for, task by task; step() and outstanding() are made from it.
#pragma once

#include "core/engine/step.h"

namespace cairn {

// The run is running.
void add_commands(const RunState& state, std::size_t task, std::vector<Command>& commands);
// The run's end, when it has come.
void add_finish(const RunState& state, std::vector<Command>& commands);

// Whether nothing that happened since made the command pointless.
[[nodiscard]] bool still_wanted(const RunState& state, const Command& command);

}  // namespace cairn
