#include "core/server/api/states.h"

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <cmath>

#include "core/engine/view.h"

namespace cairn::api {
namespace {

char letter_of(const std::string& status, bool cached) {
  if (status == "succeeded") return cached ? 'c' : 's';
  if (status == "pending") return 'p';
  if (status == "running") return 'r';
  if (status == "waiting") return 'w';
  if (status == "failed") return 'f';
  if (status == "cancelled") return 'x';
  if (status == "skipped") return 'k';
  return 'i';
}

char stage_letter(const RunState& state, std::uint32_t stage, bool served) {
  const std::uint32_t count = state.stages[stage].count;
  bool cached = count > 0;
  for (std::uint32_t cell = 0; cell < count && cached; ++cell)
    cached = state.tasks[state.task_of(stage, cell)].cached;
  return letter_of(stage_status(state, stage, served), cached);
}

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(format_rfc3339(*time)) : json::value(nullptr);
}

std::int64_t milliseconds(const std::optional<WallTime>& time) {
  return time ? time->time_since_epoch().count() : 0;
}

void add_run(json::object& object, const RunState& state, bool served) {
  const RunRow row = shown_row(state, served);
  object["sequence"] = state.last_sequence;
  object["revision"] = state.revision;
  object["status"] = row.status;
  object["started_at"] = time_or_null(state.started_at);
  object["finished_at"] = time_or_null(state.finished_at);
  object["tasks"] = json::object{{"total", row.tasks},
                                 {"succeeded", row.succeeded},
                                 {"by_status", json::value_from(row.by_status)}};
}

json::object progress_of(const v1::Progress& progress) {
  return {{"done", progress.done()}, {"total", progress.total()}, {"unit", progress.unit()}};
}

json::object task_row(const RunState& state, bool served, const LiveTasks& live,
                      std::uint32_t number) {
  const TaskState& task = state.tasks[number];
  const auto found = live.find(number);
  json::object row{
      {"name", task_name(state, number)},
      {"stage", task.stage},
      {"task", task.cell},
      {"status", task_status(state, number, served)},
      {"cached", task.cached},
      {"attempts", counted_attempts(task)},
      {"started_at", time_or_null(task.started_at)},
      {"finished_at", time_or_null(task.finished_at)},
      {"progress", progress_of(found != live.end() ? found->second.progress : task.progress)}};
  if (auto error = task_error(state, number)) row["error"] = std::move(*error);
  return row;
}

class Columns {
 public:
  void add(const char* name, std::int64_t value) {
    json::value& column = columns_[name];
    if (!column.is_array()) column.emplace_array();
    column.get_array().emplace_back(value);
  }
  json::object take() && { return std::move(columns_); }

 private:
  json::object columns_;
};

}  // namespace

json::object structure_view(const RunState& state) {
  json::array stages;
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    const StageSpec& spec = state.spec->stages[i];
    json::object stage{{"name", spec.name},
                       {"uses", spec.uses},
                       {"description", spec.description},
                       {"needs", json::value_from(state.needs[i])},
                       {"tasks", spec.foreach ? "foreach"
                                 : spec.cells ? "matrix"
                                              : ""}};
    if (spec.approval) stage["approval"] = *spec.approval;
    stages.push_back(std::move(stage));
  }
  return {{"id", state.id}, {"revision", state.revision}, {"stages", std::move(stages)}};
}

Letters letters_of(const RunState& state, bool served) {
  Letters letters;
  letters.tasks.resize(state.stages.size());
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    letters.stages += stage_letter(state, i, served);
    if (!has_several_tasks(state, i)) continue;
    for (std::uint32_t cell = 0; cell < state.stages[i].count; ++cell) {
      const std::uint32_t number = state.task_of(i, cell);
      letters.tasks[i] += letter_of(task_status(state, number, served), state.tasks[number].cached);
    }
  }
  return letters;
}

json::object states_view(const RunState& state, bool served) {
  json::object object{{"id", state.id}};
  add_run(object, state, served);
  const Letters letters = letters_of(state, served);
  json::object tasks;
  for (std::uint32_t i = 0; i < letters.tasks.size(); ++i) {
    if (has_several_tasks(state, i)) tasks[std::to_string(i)] = letters.tasks[i];
  }
  object["stages"] = letters.stages;
  object["task_states"] = std::move(tasks);
  return object;
}

json::object delta_view(const RunState& state, bool served, const Letters& before,
                        const Letters& after) {
  json::object object{{"run", state.id}};
  add_run(object, state, served);
  json::array stages;
  json::array tasks;
  for (std::size_t i = 0; i < after.stages.size(); ++i) {
    if (i >= before.stages.size() || before.stages[i] != after.stages[i])
      stages.push_back(json::array{i, std::string(1, after.stages[i])});
    const std::string_view old =
        i < before.tasks.size() ? std::string_view(before.tasks[i]) : std::string_view();
    for (std::size_t cell = 0; cell < after.tasks[i].size(); ++cell) {
      if (cell < old.size() && old[cell] == after.tasks[i][cell]) continue;
      tasks.push_back(json::array{i, cell, std::string(1, after.tasks[i][cell])});
    }
  }
  object["stages"] = std::move(stages);
  object["task_states"] = std::move(tasks);
  return object;
}

json::array progress_view(const RunState& state, const LiveTasks& live) {
  json::array tasks;
  for (const auto& [number, task] : live) {
    if (number >= state.tasks.size() || state.tasks[number].phase != TaskPhase::kRunning) continue;
    json::object object = progress_of(task.progress);
    object["stage"] = state.tasks[number].stage;
    object["task"] = state.tasks[number].cell;
    json::object metrics;
    for (const auto& [name, value] : task.metrics) {
      if (std::isfinite(value)) metrics[name] = value;
    }
    object["metrics"] = std::move(metrics);
    object["log_bytes"] = task.log_bytes;
    object["metric_bytes"] = task.metric_bytes;
    tasks.push_back(std::move(object));
  }
  return tasks;
}

json::object task_list_view(const RunState& state, bool served, const LiveTasks& live,
                            const TaskPageWish& wish) {
  json::array tasks;
  json::object list;
  std::uint32_t place = 0;
  for (std::uint32_t stage = 0; stage < state.stages.size(); ++stage) {
    const std::uint32_t count = state.stages[stage].count;
    if (place + count <= wish.from) {
      place += count;
      continue;
    }
    for (std::uint32_t cell = 0; cell < count; ++cell, ++place) {
      if (place < wish.from) continue;
      const std::uint32_t number = state.task_of(stage, cell);
      if (!wish.status.takes(task_status(state, number, served), state.tasks[number].cached))
        continue;
      if (!wish.q.empty() && !holds_any_case(task_name(state, number), wish.q)) continue;
      if (tasks.size() == wish.limit) {
        list["next_cursor"] = std::to_string(place);
        stage = static_cast<std::uint32_t>(state.stages.size());
        break;
      }
      tasks.push_back(task_row(state, served, live, number));
    }
  }
  list["tasks"] = std::move(tasks);
  return list;
}

json::object timeline_view(const RunState& state, bool served, WallTime now, std::uint64_t from,
                           std::size_t limit) {
  Columns columns;
  std::string states;
  std::optional<std::uint64_t> next;
  std::uint64_t place = 0;
  for (std::uint32_t stage = 0; stage < state.stages.size() && !next; ++stage) {
    const std::int64_t stage_ready = milliseconds(stage_ready_at(state, stage));
    for (std::uint32_t cell = 0; cell < state.stages[stage].count && !next; ++cell) {
      const std::uint32_t number = state.task_of(stage, cell);
      const TaskState& task = state.tasks[number];
      std::int64_t ready = stage_ready;
      for (const AttemptState& attempt : task.attempts) {
        const bool last = &attempt == &task.attempts.back();
        if (place++ >= from) {
          if (states.size() == limit) {
            next = place - 1;
            break;
          }
          columns.add("stage", stage);
          columns.add("task", cell);
          columns.add("attempt", attempt.number);
          columns.add("ready", std::min(ready, milliseconds(attempt.created_at)));
          columns.add("created", milliseconds(attempt.created_at));
          columns.add("started", milliseconds(attempt.started_at));
          columns.add("finished", milliseconds(attempt.finished_at));
          states += last ? letter_of(task_status(state, number, served), false)
                    : attempt.returned || attempt.cause.empty() ? 'i'
                                                                : 'f';
        }
        ready = std::max(ready, milliseconds(attempt.finished_at));
      }
    }
  }
  json::object object = std::move(columns).take();
  for (const char* name : {"stage", "task", "attempt", "ready", "created", "started", "finished"}) {
    if (!object.contains(name)) object[name] = json::array();
  }
  object["states"] = states;
  object["now"] = now.time_since_epoch().count();
  if (next) object["next_cursor"] = std::to_string(*next);
  return object;
}

}  // namespace cairn::api
