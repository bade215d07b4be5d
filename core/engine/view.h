// The shapes users and programs see (DESIGN §7), made from a RunState. Pure.
#pragma once

#include "core/engine/load.h"
#include "core/engine/scheduler.h"
#include "core/engine/state.h"

namespace cairn {

struct ViewOptions {
  fs::path store_folder;
  // Whether an engine runs it now. If not, a run that is not final is shown as interrupted.
  bool served = true;
  const LiveTasks* live = nullptr;
};

// "pending", "running", ... of the run, of one of its stages and of one of its tasks.
[[nodiscard]] std::string run_status(const RunState& state, bool served);
[[nodiscard]] std::string stage_status(const RunState& state, std::uint32_t stage, bool served);
[[nodiscard]] std::string task_status(const RunState& state, std::uint32_t task, bool served);

// When everything that the stage waits for was there; of what has not ended yet nothing counts.
[[nodiscard]] WallTime stage_ready_at(const RunState& state, std::uint32_t stage);

// The document of `get -o json`.
[[nodiscard]] json::object run_view(const RunState& state, const ViewOptions& options);
// A stage of a matrix, or of a foreach whose list is not there yet.
[[nodiscard]] bool has_several_tasks(const RunState& state, std::uint32_t stage);
// The same without "stages": it is small however many there are.
[[nodiscard]] json::object run_facts(const RunState& state, bool served);
// {"cause","message"} of the first task of a stage that is in trouble.
[[nodiscard]] std::optional<json::object> stage_error(const RunState& state, std::uint32_t stage);
// One element of its "stages". One of several tasks has "tasks" {"total","by_status"}, and lists of
// its outputs in plan order.
[[nodiscard]] json::object stage_view(const RunState& state, std::uint32_t stage,
                                      const ViewOptions& options);
// As a stage's, with "label", "params" of its own, "resources" and "attempt_list".
[[nodiscard]] json::object task_view(const RunState& state, std::uint32_t task,
                                     const ViewOptions& options);
// Of these, the attempts that count, and {"cause","message"} where it is in trouble.
[[nodiscard]] std::size_t counted_attempts(const TaskState& task);
[[nodiscard]] std::optional<json::object> task_error(const RunState& state, std::uint32_t task);
// The stage's document with a page of its tasks under "task_list".
[[nodiscard]] json::object stage_page(const RunState& state, std::uint32_t stage,
                                      std::uint32_t offset, std::uint32_t limit,
                                      const ViewOptions& options);
// row_of with the statuses that people see.
[[nodiscard]] RunRow shown_row(const RunState& state, bool served);
// {"id","name","status","created_at","started_at","finished_at",
//  "stages":{"total","succeeded","by_status"?},"workflow"?,"labels"?,
//  "stages_by_status"?,"reused"?,"gpu_seconds"?,"outcome"?}; "stages" counts tasks.
[[nodiscard]] json::object list_row(const RunState& state, bool served);
// With the row's status as it is.
[[nodiscard]] json::object list_row(const RunRow& row);
// {"sequence","time","run","type","stage"?,"task"?,...}; one line of `watch -o json` and `events`.
// state: after the event.
[[nodiscard]] json::object event_view(const RunState& state, std::uint64_t sequence,
                                      const Event& event);
// Why a task is in its state: what it waits for, its cache key and, against the same task of an
// earlier run, which component differs, its attempts and causes.
//   {"stage","task"?,"status","folder" (below the store),"because":[...],
//    "cache":{"key","hit","compared_with"?,"differs":[...]},"attempts":[...]}
[[nodiscard]] json::object explain_view(const RunState& state, std::uint32_t task, bool served,
                                        const RunState* earlier);

}  // namespace cairn
