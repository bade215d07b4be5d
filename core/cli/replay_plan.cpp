#include "core/cli/replay_plan.h"

#include <algorithm>
#include <set>

namespace cairn {
namespace {

// The stages whose results a stage reads, and theirs.
void add_sources(const WorkflowSpec& spec, const StageSpec& stage, std::set<std::string>& needed) {
  for (const auto& [port, references] : stage.inputs) {
    for (const OutputRef& reference : references) {
      if (!needed.insert(reference.stage).second) continue;
      if (const StageSpec* source = spec.find(reference.stage)) add_sources(spec, *source, needed);
    }
  }
}

// As it is once all around it is decided.
void decide(StageSpec& stage, const StageState& state) {
  stage.after.clear();
  stage.handles.clear();
  stage.when.reset();
  stage.enabled = true;
  stage.approval.reset();
  stage.foreach.reset();
  stage.watchdogs.clear();
  if (state.cells) {
    stage.cells = *state.cells;
  } else {
    stage.cells.reset();
  }
}

Cells one_cell(const Cells& cells, std::uint32_t cell) {
  Cells one;
  one.labels = {cells.labels[cell]};
  for (const auto& [name, column] : cells.params) one.params[name] = {column[cell]};
  for (const auto& [name, column] : cells.key_params) one.key_params[name] = {column[cell]};
  return one;
}

}  // namespace

Result<WorkflowSpec> replay_workflow(const RunState& state, std::uint32_t number) {
  const TaskState& task = state.tasks[number];
  const std::string name = task_name(state, number);
  if (task.phase != TaskPhase::kSucceeded) {
    return conflict(
        "'" + name + "' of run " + state.id + " has not succeeded: it is " + to_string(task.phase),
        "only a result can be compared with another");
  }
  if (!task.misfortune().amended.empty()) {
    return conflict("a watchdog amended the parameters of '" + name + "' while it ran",
                    "no single run of the stage gives this result");
  }
  if (is_fork_point(state, number) && state.origin.step() >= 0) {
    return conflict("'" + name + "' ran up to step " + std::to_string(state.origin.step()) +
                        " with the parameters of run " + state.origin.run(),
                    "replay that run, or a stage behind this one");
  }
  const StageSpec& wanted = state.spec->stages[task.stage];
  std::set<std::string> needed;
  add_sources(*state.spec, wanted, needed);
  WorkflowSpec spec = *state.spec;
  spec.stages.clear();
  spec.notify = {};
  spec.max_parallel = 0;
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    const StageSpec& stage = state.spec->stages[i];
    if (i != task.stage && !needed.contains(stage.name)) continue;
    StageSpec& replayed = spec.stages.emplace_back(stage);
    decide(replayed, state.stages[i]);
    if (i != task.stage) continue;
    replayed.cache = false;
    replayed.retry = {};
    if (replayed.cells) replayed.cells = one_cell(*replayed.cells, task.cell);
  }
  return spec;
}

json::object compare_outputs(const std::vector<Artifact>& recorded,
                             const std::vector<Artifact>& replayed) {
  json::array outputs;
  bool equal = recorded.size() == replayed.size();
  for (const Artifact& before : recorded) {
    const auto after = std::find_if(replayed.begin(), replayed.end(), [&](const Artifact& other) {
      return other.name() == before.name();
    });
    const std::string digest = after == replayed.end() ? "" : after->digest();
    equal = equal && digest == before.digest();
    outputs.push_back(
        json::object{{"name", before.name()}, {"recorded", before.digest()}, {"replayed", digest}});
  }
  return {{"equal", equal}, {"outputs", std::move(outputs)}};
}

}  // namespace cairn
