#include "core/server/api/task_place.h"

#include "core/engine/view.h"

namespace cairn::api {
namespace {

// Results are reused over and over; a chain longer than this leads nowhere.
constexpr int kMostHops = 64;

Result<std::uint32_t> task_number(const RunState& state, const std::string& name) {
  if (const auto task = state.find_task(name)) return *task;
  const auto stage = state.find_stage(name);
  if (!stage) return no_such_stage(state, name);
  const StageState& found = state.stages[*stage];
  if (found.cells && !found.cells->labels.empty()) {
    return invalid_argument(
        "stage '" + name + "' has several tasks",
        "name one, such as '" + name + "[" + found.cells->labels.front() + "]'");
  }
  if (found.count != 1) return not_found("stage '" + name + "' has no tasks yet");
  return *stage;
}

void add_inputs(const RunState& state, std::uint32_t number, TaskPlaceFound& place) {
  for (const auto& [port, references] : state.spec_of(state.tasks[number]).inputs) {
    for (const OutputRef& reference : references) {
      const auto stage = state.find_stage(reference.stage);
      if (!stage) continue;
      for (std::uint32_t cell = 0; cell < state.stages[*stage].count; ++cell) {
        for (const Artifact& output : state.tasks[state.task_of(*stage, cell)].outputs) {
          if (output.name() == reference.output) place.inputs.emplace_back(port, output);
        }
      }
    }
  }
}

// Reads one task; returns where its result was reused from, if it was.
Result<std::string> look(EngineRuns& runs, const std::string& run, const std::string& name,
                         TaskPlaceFound& place) {
  Result<std::string> origin = std::string();
  CAIRN_TRY(runs.replicas().with(run, [&](const RunNow& now) {
    const auto number = task_number(now.state, name);
    if (!number.ok()) {
      origin = number.error();
      return;
    }
    const TaskState& task = now.state.tasks[*number];
    place.run = now.state.id;
    place.task = task_name(now.state, *number);
    place.folder = {runs.store_folder() / task_folder(now.state, *number)};
    place.attempts.clear();
    for (const AttemptState& attempt : task.attempts) place.attempts.push_back(attempt.number);
    place.going_on = now.served && task.phase == TaskPhase::kRunning;
    place.settled = !now.served || is_final(task.phase) || now.state.status != RunStatus::kRunning;
    place.status = task_status(now.state, *number, now.served);
    if (place.outputs.empty()) place.outputs = task.outputs;
    if (place.inputs.empty()) add_inputs(now.state, *number, place);
    if (task.cached) origin = task.cached_from;
  }));
  return origin;
}

}  // namespace

Result<TaskPlaceFound> find_task_place(EngineRuns& runs, const std::string& run,
                                       const std::string& stage) {
  CAIRN_ASSIGN(std::string id, runs.resolve(run));
  std::string name = stage;
  TaskPlaceFound place;
  for (int hop = 0; hop < kMostHops; ++hop) {
    TaskPlaceFound next = place;
    auto origin = look(runs, id, name, next);
    // The run that made it was deleted: what it wrote is gone.
    if (!origin.ok() && hop > 0 && origin.error().code == ErrorCode::kNotFound) break;
    if (!origin.ok()) return origin.error();
    place = std::move(next);
    if (hop > 0) place.reused_from.assign(id).append("/").append(name);
    const std::size_t slash = origin->find('/');
    if (slash == std::string::npos) break;
    id = origin->substr(0, slash);
    name = origin->substr(slash + 1);
  }
  return place;
}

}  // namespace cairn::api
