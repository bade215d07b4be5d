// step(): the whole of the engine's judgement, without clock, disk, thread or randomness.
//
//   world → Event → journal → step → Commands → world
//
// Folding a journal with step gives the state; outstanding() then gives what is still to do, so
// that a recovered engine and one that never died act alike.
#pragma once

#include "core/engine/state.h"

namespace cairn {

// Evaluate the stage's `when`; answer with WhenEvaluated.
struct EvaluateWhen {
  std::size_t task;
};
// Make the cache key and look it up; answer with CacheChecked.
struct CheckCache {
  std::size_t task;
};
// Start an attempt when resources allow, not before task.not_before; answer with AttemptStarted.
struct StartAttempt {
  std::size_t task;
};
// Ask the live attempt to save a checkpoint and stop.
struct StopAttempt {
  std::size_t task;
};
// Follows at once from the state: journal it in the same batch.
struct Record {
  Event event;  // without time
};
using Command = std::variant<EvaluateWhen, CheckCache, StartAttempt, StopAttempt, Record>;

// Moves the state past the event and adds what is to be done because of it. An event that cannot
// happen in this state is kInternal (in a journal: kCorrupt), and the state is unchanged.
// Commands name only tasks the event touched; they may repeat one given before.
[[nodiscard]] Result<std::vector<Command>> step(RunState& state, const Event& event);

// All that is to be done in this state.
[[nodiscard]] std::vector<Command> outstanding(const RunState& state);

// The tasks a resume reopens, with the reason for each; the others keep their results.
//   lost   tasks whose artifacts are missing or damaged, with the message
//   next   the workflow of the next revision, if it changes; the names of its stages are the same
//   from   a stage that runs anew, with all that needs its outputs
[[nodiscard]] Result<v1::RunResumed> plan_resume(const RunState& state,
                                                 const std::map<std::string, std::string>& lost,
                                                 const WorkflowSpec* next,
                                                 const std::optional<std::string>& from);

}  // namespace cairn
