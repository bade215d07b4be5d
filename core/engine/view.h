// The shapes users and programs see (DESIGN §7), made from a RunState. Pure.
#pragma once

#include "core/engine/scheduler.h"
#include "core/engine/state.h"

namespace cairn {

struct ViewOptions {
  fs::path store_folder;
  // Whether an engine runs it now. If not, a run that is not final is shown as interrupted.
  bool served = true;
  const LiveTasks* live = nullptr;
};

// "pending", "running", ... of the run and of one of its tasks.
[[nodiscard]] std::string run_status(const RunState& state, bool served);
[[nodiscard]] std::string task_status(const RunState& state, std::size_t task, bool served);

// The document of `get -o json`.
[[nodiscard]] json::object run_view(const RunState& state, const ViewOptions& options);
// One element of its "stages".
[[nodiscard]] json::object stage_view(const RunState& state, std::size_t task,
                                      const ViewOptions& options);
// {"id","name","status","created_at","finished_at","stages":{"total","succeeded"}}
[[nodiscard]] json::object list_row(const RunState& state, bool served);
// {"sequence","time","run","type","stage"?,...}; one line of `watch -o json` and `events`.
[[nodiscard]] json::object event_view(const std::string& run, std::uint64_t sequence,
                                      const Event& event);
// Why a task is in its state: what it waits for, its cache key and, against the same stage of an
// earlier run, which component differs, its attempts and causes.
//   {"stage","status","folder" (below the
//   store),"because":[...],"cache":{"key","hit","differs":[...]},"attempts":[...]}
[[nodiscard]] json::object explain_view(const RunState& state, std::size_t task, bool served,
                                        const RunState* earlier);

}  // namespace cairn
