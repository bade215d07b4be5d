// Which trace (W3C Trace Context) a run and its attempts are part of. It follows from the journal
// alone: a run that is resumed, by whichever engine, goes on with its trace.
#pragma once

#include <cstdint>
#include <string>

#include "core/engine/state.h"

namespace cairn {

// What a run's record keeps of the context it was asked for in: the context as it is, or, where it
// is none that can be read, one that follows from the run's id.
[[nodiscard]] std::string run_traceparent(const std::string& run, const std::string& given);

// TRACEPARENT of an attempt (from 1) of a task: the run's trace, and a span that follows from the
// run's id, the task's name and the attempt.
[[nodiscard]] std::string attempt_traceparent(const RunState& state, std::uint32_t task,
                                              std::uint32_t attempt);

}  // namespace cairn
