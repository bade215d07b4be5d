// What a run's attempts cost, by its journal. Pure.
#pragma once

#include <optional>

#include "core/engine/state.h"

namespace cairn {

// An attempt holds what its stage asks for from the moment that it is given a place until it ends.
struct SpentTime {
  double seconds = 0;      // of all attempts
  double cpu_seconds = 0;  // times the CPUs, and the GPUs, that each held
  double gpu_seconds = 0;
};

// now: how far attempts that are still live count; without it they do not.
[[nodiscard]] SpentTime spent_by(const RunState& state, std::optional<WallTime> now);
// Of one task.
[[nodiscard]] SpentTime spent_by(const RunState& state, const TaskState& task,
                                 std::optional<WallTime> now);

}  // namespace cairn
