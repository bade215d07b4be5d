#include "core/engine/view.h"

#include <algorithm>
#include <boost/json/value_from.hpp>

#include "core/base/hex.h"
#include "core/engine/cache_key.h"

namespace cairn {
namespace {

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(format_rfc3339(*time)) : json::value(nullptr);
}

json::object progress_view(const v1::Progress& progress) {
  return {{"done", progress.done()}, {"total", progress.total()}, {"unit", progress.unit()}};
}

template <typename Map>
json::object numbers_view(const Map& numbers) {
  json::object object;
  for (const auto& [name, value] : numbers) object[name] = value;
  return object;
}

json::object output_view(const Artifact& output, const ViewOptions& options) {
  return {{"kind", output.kind()},
          {"digest", output.digest()},
          {"path", artifact_path(options.store_folder, output.digest()).string()},
          {"bytes", output.bytes()}};
}

std::string why_cancelled(const RunState& state) {
  return state.stop == v1::StopRequested::FAIL_FAST ? "another stage failed (fail_fast)"
                                                    : "the run was cancelled";
}

// Cause and message of a task that has not succeeded.
std::optional<std::pair<std::string, std::string>> trouble_of(const RunState& state,
                                                              const TaskState& task) {
  if (task.phase == TaskPhase::kSucceeded) return std::nullopt;
  const TaskTrouble& own = task.misfortune();
  if (!own.cause.empty()) return std::pair(own.cause, own.message);
  const StageState& stage = state.stages[task.stage];
  const bool ended = task.phase == TaskPhase::kFailed || task.phase == TaskPhase::kSkipped;
  if (ended && !stage.cause.empty()) return std::pair(stage.cause, stage.message);
  if (task.phase == TaskPhase::kCancelled) {
    return std::pair(std::string(cause::kCancelled), why_cancelled(state));
  }
  return std::nullopt;
}

// Its first task in trouble speaks for a stage.
std::optional<std::pair<std::string, std::string>> trouble_of(const RunState& state,
                                                              std::uint32_t number) {
  const StageState& stage = state.stages[number];
  const std::uint32_t tasks = std::max<std::uint32_t>(stage.count, 1);
  for (const bool failed : {true, false}) {
    for (std::uint32_t cell = 0; cell < tasks; ++cell) {
      const std::uint32_t index = state.task_of(number, cell);
      const TaskState& task = state.tasks[index];
      if (failed != (task.phase == TaskPhase::kFailed)) continue;
      auto trouble = trouble_of(state, task);
      if (!trouble) continue;
      if (stage.cells && stage.count > 1 && stage.cause.empty()) {
        trouble->second = task_name(state, index) + ": " + trouble->second;
      }
      return trouble;
    }
    if (stage.in(TaskPhase::kFailed) == 0 && stage.in(TaskPhase::kSucceeded) == tasks) break;
  }
  return std::nullopt;
}

json::array why(const RunState& state, std::uint32_t number) {
  const TaskState& task = state.tasks[number];
  const StageState& stage = state.stages[task.stage];
  const TaskTrouble& own = task.misfortune();
  json::array because;
  if (!own.reopened_because.empty()) {
    because.emplace_back("reopened by resume: " + own.reopened_because);
  }
  bool waits = false;
  if (task.phase == TaskPhase::kWaiting) {
    for (const std::uint32_t need : state.needs[task.stage]) {
      if (state.stages[need].settled() && state.stages[need].in(TaskPhase::kFailed) == 0) continue;
      because.emplace_back("waits for " + state.spec->stages[need].name + ", which is " +
                           stage_phase_word(state, need));
      waits = true;
    }
    if (stage.approval_asked && !stage.approved) {
      because.emplace_back("waits for an approval: " +
                           state.spec->stages[task.stage].approval.value_or(""));
      waits = true;
    }
    if (state.paused) because.emplace_back("the run is paused");
    if (!waits) {
      because.emplace_back(own.not_before == WallTime{}
                               ? "ready; waits for free resources"
                               : "waits for its next attempt, not before " +
                                     format_rfc3339(own.not_before));
    }
  } else if (task.cached) {
    because.emplace_back("the result was known from " + task.cached_from);
  }
  if (const auto trouble = trouble_of(state, task)) {
    because.emplace_back(trouble->first + ": " + trouble->second);
  } else if (!stage.message.empty() && task.phase == TaskPhase::kSkipped) {
    because.emplace_back(stage.message);
  }
  if (!stage.approved_by.empty()) {
    because.emplace_back((stage.approved ? "approved by " : "rejected by ") + stage.approved_by);
  }
  for (const auto& [rule, times] : own.alarms) {
    const auto& rules = state.spec->stages[task.stage].watchdogs;
    if (rule >= rules.size()) continue;
    because.emplace_back("the watchdog on " + rules[rule].metric + " rolled it back " +
                         (times == 1 ? "once" : std::to_string(times) + " times"));
  }
  return because;
}

void add_error(json::object& object,
               const std::optional<std::pair<std::string, std::string>>& trouble) {
  if (!trouble) return;
  object["error"] = json::object{{"cause", trouble->first}, {"message", trouble->second}};
}

const LiveTask* find_live(const ViewOptions& options, std::uint32_t task) {
  if (options.live == nullptr) return nullptr;
  const auto found = options.live->find(task);
  return found == options.live->end() ? nullptr : &found->second;
}

void add_work(json::object& object, const RunState& state, std::uint32_t number,
              const ViewOptions& options) {
  const TaskState& task = state.tasks[number];
  const LiveTask* live = find_live(options, number);
  object["attempts"] = counted_attempts(task);
  object["cached"] = task.cached;
  object["started_at"] = time_or_null(task.started_at);
  object["finished_at"] = time_or_null(task.finished_at);
  object["progress"] = progress_view(live != nullptr ? live->progress : task.progress);
  json::object outputs;
  for (const Artifact& output : task.outputs) outputs[output.name()] = output_view(output, options);
  object["outputs"] = std::move(outputs);
  object["metrics"] = live != nullptr ? numbers_view(live->metrics) : numbers_view(task.metrics);
  add_error(object, trouble_of(state, task));
}

// A stage of several tasks: sums and lists.
void add_tasks(json::object& object, const RunState& state, std::uint32_t number,
               const ViewOptions& options) {
  const StageState& stage = state.stages[number];
  std::size_t attempts = 0;
  std::size_t cached = 0;
  std::optional<WallTime> started;
  std::optional<WallTime> finished;
  json::object outputs;
  for (const DeclaredOutput& output : state.spec->stages[number].outputs) {
    outputs[output.name] = json::array();
  }
  json::object by_status;
  for (std::uint32_t cell = 0; cell < stage.count; ++cell) {
    const std::uint32_t index = state.task_of(number, cell);
    const TaskState& task = state.tasks[index];
    attempts += counted_attempts(task);
    if (task.cached) ++cached;
    if (task.started_at) started = std::min(started.value_or(*task.started_at), *task.started_at);
    if (task.finished_at) {
      finished = std::max(finished.value_or(*task.finished_at), *task.finished_at);
    }
    for (const Artifact& output : task.outputs) {
      json::value& list = outputs[output.name()];
      if (!list.is_array()) list = json::array();
      list.as_array().push_back(output_view(output, options));
    }
    json::value& count = by_status[task_status(state, index, options.served)];
    count = count.is_null() ? json::value(1) : json::value(count.as_int64() + 1);
  }
  if (!stage.settled()) finished.reset();
  object["attempts"] = attempts;
  object["cached"] = stage.count > 0 && cached == stage.count;
  object["started_at"] = time_or_null(started);
  object["finished_at"] = time_or_null(finished);
  object["progress"] =
      json::object{{"done", stage.count == 0 ? 0 : stage.in(TaskPhase::kSucceeded)},
                   {"total", stage.count},
                   {"unit", "tasks"}};
  object["outputs"] = std::move(outputs);
  object["metrics"] = json::object();
  object["tasks"] = json::object{{"total", stage.count}, {"by_status", std::move(by_status)}};
  add_error(object, trouble_of(state, number));
}

json::object resources_view(const ResourceSpec& resources) {
  json::object object{{"cpus", resources.cpus}, {"gpus", resources.gpus}};
  if (resources.memory_bytes > 0) object["memory_bytes"] = resources.memory_bytes;
  if (!resources.pools.empty()) object["pools"] = json::value_from(resources.pools);
  return object;
}

json::array attempt_list(const RunState& state, const TaskState& task) {
  json::array attempts;
  WallTime ready = stage_ready_at(state, task.stage);
  for (const AttemptState& attempt : task.attempts) {
    const HostState& host = host_of(state, attempt);
    json::object entry{{"attempt", attempt.number},
                       {"host", host.handle.host},
                       {"pid", host.handle.pid},
                       {"ready_at", format_rfc3339(std::min(ready, attempt.created_at))},
                       {"created_at", format_rfc3339(attempt.created_at)},
                       {"started_at", time_or_null(attempt.started_at)},
                       {"finished_at", time_or_null(attempt.finished_at)},
                       {"cause", attempt.returned ? "returned" : attempt.cause},
                       {"message", attempt.returned ? "it never began" : attempt.message}};
    if (!attempt.fingerprint.empty()) {
      if (auto machine = parse_json(attempt.fingerprint); machine.ok()) {
        entry["machine"] = std::move(*machine);
      }
    }
    ready = attempt.finished_at.value_or(ready);
    attempts.push_back(std::move(entry));
  }
  return attempts;
}

}  // namespace

bool has_several_tasks(const RunState& state, std::uint32_t stage) {
  return state.stages[stage].cells != nullptr || !state.stages[stage].expanded;
}

std::size_t counted_attempts(const TaskState& task) {
  return static_cast<std::size_t>(
      std::count_if(task.attempts.begin(), task.attempts.end(),
                    [](const AttemptState& attempt) { return !attempt.returned; }));
}

std::optional<json::object> task_error(const RunState& state, std::uint32_t task) {
  json::object object;
  add_error(object, trouble_of(state, state.tasks[task]));
  if (object.empty()) return std::nullopt;
  return std::move(object.at("error").get_object());
}

WallTime stage_ready_at(const RunState& state, std::uint32_t stage) {
  WallTime ready = state.created_at;
  for (const std::uint32_t need : state.needs[stage]) {
    for (std::uint32_t cell = 0; cell < state.stages[need].count; ++cell) {
      const TaskState& task = state.tasks[state.task_of(need, cell)];
      ready = std::max(ready, task.finished_at.value_or(ready));
    }
  }
  return ready;
}

std::string run_status(const RunState& state, bool served) {
  if (state.status != RunStatus::kRunning) return to_string(state.status);
  if (!served) return "interrupted";
  if (state.paused) return "paused";
  const bool asked =
      std::any_of(state.stages.begin(), state.stages.end(), [](const StageState& stage) {
        return stage.approval_asked && !stage.approved && stage.in(TaskPhase::kWaiting) > 0;
      });
  if (asked && state.running == 0) return "waiting";
  return state.started_at ? "running" : "pending";
}

std::string task_status(const RunState& state, std::uint32_t task, bool served) {
  const TaskPhase phase = state.tasks[task].phase;
  const bool dead =
      phase == TaskPhase::kRunning && (!served || state.status != RunStatus::kRunning);
  return dead ? to_string(TaskPhase::kInterrupted) : to_string(phase);
}

std::string stage_status(const RunState& state, std::uint32_t number, bool served) {
  const StageState& stage = state.stages[number];
  if (stage.approval_asked && !stage.approved && stage.in(TaskPhase::kWaiting) > 0) {
    return "waiting";
  }
  const std::string word = stage_phase_word(state, number);
  const bool dead = word == "running" && (!served || state.status != RunStatus::kRunning);
  return dead ? to_string(TaskPhase::kInterrupted) : word;
}

json::object stage_view(const RunState& state, std::uint32_t number, const ViewOptions& options) {
  const StageSpec& stage = state.spec->stages[number];
  json::object object{{"name", stage.name},
                      {"uses", stage.uses},
                      {"status", stage_status(state, number, options.served)}};
  if (has_several_tasks(state, number)) {
    add_tasks(object, state, number, options);
  } else {
    add_work(object, state, number, options);
  }
  return object;
}

json::object task_view(const RunState& state, std::uint32_t number, const ViewOptions& options) {
  const TaskState& task = state.tasks[number];
  const auto& cells = state.stages[task.stage].cells;
  json::object object{{"name", task_name(state, number)},
                      {"uses", state.spec_of(task).uses},
                      {"status", task_status(state, number, options.served)}};
  if (cells && task.cell < cells->size()) object["label"] = cells->labels[task.cell];
  object["params"] = own_params(state, number);
  add_work(object, state, number, options);
  object["resources"] = resources_view(state.spec_of(task).resources);
  object["attempt_list"] = attempt_list(state, task);
  return object;
}

json::object stage_page(const RunState& state, std::uint32_t stage, std::uint32_t offset,
                        std::uint32_t limit, const ViewOptions& options) {
  json::object object = stage_view(state, stage, options);
  json::array tasks;
  const std::uint32_t count = state.stages[stage].count;
  for (std::uint32_t cell = offset; cell < count && cell - offset < limit; ++cell) {
    tasks.push_back(task_view(state, state.task_of(stage, cell), options));
  }
  object["resources"] = resources_view(state.spec->stages[stage].resources);
  object["offset"] = offset;
  object["task_list"] = std::move(tasks);
  return object;
}

std::optional<json::object> stage_error(const RunState& state, std::uint32_t stage) {
  json::object object;
  add_error(object, trouble_of(state, stage));
  if (object.empty()) return std::nullopt;
  return std::move(object.at("error").get_object());
}

json::object run_facts(const RunState& state, bool served) {
  json::object object{{"id", state.id},
                      {"name", state.spec->name},
                      {"workflow", state.spec->file},
                      {"status", run_status(state, served)},
                      {"created_at", format_rfc3339(state.created_at)},
                      {"started_at", time_or_null(state.started_at)},
                      {"finished_at", time_or_null(state.finished_at)},
                      {"seed", state.spec->seed},
                      {"params", state.spec->params}};
  if (state.priority != 0) object["priority"] = state.priority;
  if (state.revision > 1) object["revision"] = state.revision;
  if (!state.spec->labels.empty()) {
    json::object labels;
    for (const auto& [name, value] : state.spec->labels) labels[name] = value;
    object["labels"] = std::move(labels);
  }
  if (!state.origin.run().empty()) {
    object["origin"] = json::object{{"run", state.origin.run()},
                                    {"stage", state.origin.stage()},
                                    {"how", state.origin.fork() ? "fork" : "rerun"},
                                    {"step", state.origin.step()}};
  }
  if (state.quarantined) {
    object["error"] =
        json::object{{"cause", cause::kCorruptRecord}, {"message", *state.quarantined}};
  }
  return object;
}

json::object run_view(const RunState& state, const ViewOptions& options) {
  json::array stages;
  for (std::uint32_t i = 0; i < state.stages.size(); ++i)
    stages.push_back(stage_view(state, i, options));
  json::object object = run_facts(state, options.served);
  object["stages"] = std::move(stages);
  return object;
}

RunRow shown_row(const RunState& state, bool served) {
  RunRow row = row_of(state);
  row.status = run_status(state, served);
  row.stages.clear();
  for (std::uint32_t i = 0; i < state.stages.size(); ++i)
    ++row.stages[stage_status(state, i, served)];
  const auto running = row.by_status.find("running");
  if (running == row.by_status.end()) return row;
  if (served && state.status == RunStatus::kRunning) return row;
  row.by_status["interrupted"] += running->second;
  row.by_status.erase(running);
  return row;
}

json::object list_row(const RunState& state, bool served) {
  return list_row(shown_row(state, served));
}

json::object list_row(const RunRow& row) {
  json::object tasks{{"total", row.tasks}, {"succeeded", row.succeeded}};
  if (!row.by_status.empty()) tasks["by_status"] = json::value_from(row.by_status);
  json::object object{{"id", row.id},
                      {"name", row.name},
                      {"status", row.status},
                      {"created_at", format_rfc3339(row.created_at)},
                      {"started_at", time_or_null(row.started_at)},
                      {"finished_at", time_or_null(row.finished_at)},
                      {"stages", std::move(tasks)}};
  if (!row.workflow.empty()) object["workflow"] = row.workflow;
  if (!row.labels.empty()) object["labels"] = json::value_from(row.labels);
  if (!row.stages.empty()) object["stages_by_status"] = json::value_from(row.stages);
  if (row.reused > 0) object["reused"] = row.reused;
  if (row.gpu_seconds > 0) object["gpu_seconds"] = row.gpu_seconds;
  if (!row.outcome.empty()) object["outcome"] = json::value_from(row.outcome);
  return object;
}

json::object explain_view(const RunState& state, std::uint32_t number, bool served,
                          const RunState* earlier) {
  const TaskState& task = state.tasks[number];
  const bool several = state.stages[task.stage].cells != nullptr;
  json::object cache{{"key", hex_of(task.key)}, {"hit", task.cached}};
  if (!task.misfortune().cache_note.empty()) cache["note"] = task.misfortune().cache_note;
  const auto other =
      earlier != nullptr ? earlier->find_task(task_name(state, number)) : std::nullopt;
  if (other && !task.key.empty() && !earlier->tasks[*other].key.empty()) {
    json::array differs;
    for (const std::string& path :
         differing_components(key_components(*earlier, *other), key_components(state, number))) {
      differs.emplace_back(path);
    }
    cache["compared_with"] = earlier->id;
    cache["differs"] = std::move(differs);
  }
  json::object object{{"stage", state.spec->stages[task.stage].name},
                      {"status", task_status(state, number, served)},
                      {"folder", task_folder(state, number)},
                      {"because", why(state, number)},
                      {"cache", std::move(cache)},
                      {"attempts", attempt_list(state, task)}};
  if (several) object["task"] = task_name(state, number);
  return object;
}

}  // namespace cairn
