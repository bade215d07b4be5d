// step(): the whole of the engine's judgement, without clock, disk, thread or randomness.
//
//   world → Event → journal → step → Commands → world
//
// Folding a journal with step gives the state; outstanding() then gives what is still to do, so
// that a recovered engine and one that never died act alike.
#pragma once

#include <variant>

#include "core/engine/state.h"

namespace cairn {

// Evaluate the stage's `when`; answer with WhenEvaluated.
struct EvaluateWhen {
  std::uint32_t stage;
};
// Read the list of a foreach; answer with StageExpanded.
struct ExpandStage {
  std::uint32_t stage;
};
// Every waiting task of the stage may run: look each up in the cache, and start an attempt where
// it is not known, when resources allow and not before its time. Answer with TaskReused or
// AttemptStarted.
struct StartStage {
  std::uint32_t stage;
};
// The same for one task.
struct StartTask {
  std::uint32_t task;
};
// Ask every live attempt of the run to save a checkpoint and stop.
struct StopAttempts {};
// Follows at once from the state: journal it in the same batch.
struct Record {
  Event event;  // without time
};
using Command =
    std::variant<EvaluateWhen, ExpandStage, StartStage, StartTask, StopAttempts, Record>;

// Moves the state past the event and adds what is to be done because of it. An event that cannot
// happen in this state is kInternal (in a journal: kCorrupt), and the state is unchanged.
// Commands may repeat one given before.
[[nodiscard]] Result<std::vector<Command>> step(RunState& state, const Event& event);

// All that is to be done in this state.
[[nodiscard]] std::vector<Command> outstanding(const RunState& state);

// Whether nothing that happened since made the command pointless.
[[nodiscard]] bool still_wanted(const RunState& state, const Command& command);

// Whether an attempt of a waiting task may start now, resources and its time apart.
[[nodiscard]] bool may_start(const RunState& state, std::uint32_t task);

// The tasks a resume reopens, with the reason for each; the others keep their results.
//   lost   tasks whose artifacts are missing or damaged, by name, with the message
//   next   the workflow of the next revision, if it changes; the names of its stages are the same
//   from   a stage that runs anew, with all that needs its outputs
[[nodiscard]] Result<v1::RunResumed> plan_resume(const RunState& state,
                                                 const std::map<std::string, std::string>& lost,
                                                 const WorkflowSpec* next,
                                                 const std::optional<std::string>& from);

}  // namespace cairn
