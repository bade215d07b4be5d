// A run's structure and states as pages that draw it need them: small, and with stages and tasks
// by number. Pure; the documents are those of schemas/documents.proto.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/engine/scheduler.h"
#include "core/engine/state.h"
#include "core/server/run_filter.h"

namespace cairn::api {

// `Structure`.
[[nodiscard]] json::object structure_view(const RunState& state);

// What the letters of `States` say of a run.
struct Letters {
  std::string stages;
  std::vector<std::string> tasks;  // by stage; empty where it has but one
};
[[nodiscard]] Letters letters_of(const RunState& state, bool served);

// `States`.
[[nodiscard]] json::object states_view(const RunState& state, bool served);
// `StateDelta`; the run's own members are always there. Both of the same revision.
[[nodiscard]] json::object delta_view(const RunState& state, bool served, const Letters& before,
                                      const Letters& after);
// `StateProgress` of each running task.
[[nodiscard]] json::array progress_view(const RunState& state, const LiveTasks& live);

struct TaskPageWish {
  StatusFilter status;
  std::string q;           // part of its name, whatever its case
  std::uint32_t from = 0;  // place in plan order
  std::size_t limit = 100;
};
// `TaskList`, whose next_cursor is the place where it goes on.
[[nodiscard]] json::object task_list_view(const RunState& state, bool served, const LiveTasks& live,
                                          const TaskPageWish& wish);

// `Timeline` of the attempts from the one at `from` on, in the order of stages, tasks, attempts.
[[nodiscard]] json::object timeline_view(const RunState& state, bool served, WallTime now,
                                         std::uint64_t from, std::size_t limit);

}  // namespace cairn::api
