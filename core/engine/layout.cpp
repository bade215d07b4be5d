#include "core/engine/layout.h"

#include <algorithm>
#include <unordered_map>

namespace cairn {
namespace {

Result<std::vector<std::uint32_t>> needs_of(const RunState& state, const WorkflowSpec& spec,
                                            std::uint32_t stage) {
  const StageSpec& asked = spec.stages[stage];
  std::vector<std::string> names = asked.after;
  names.insert(names.end(), asked.handles.begin(), asked.handles.end());
  for (const auto& [port, references] : asked.inputs) {
    for (const OutputRef& reference : references) names.push_back(reference.stage);
  }
  if (asked.foreach) names.push_back(asked.foreach->list.stage);
  std::vector<std::uint32_t> needs;
  for (const std::string& name : names) {
    const auto found = state.index.find(name);
    if (found == state.index.end() || found->second >= stage) {
      return internal_error("stage '" + asked.name + "' needs '" + name +
                            "', which does not stand before it");
    }
    needs.push_back(found->second);
  }
  std::sort(needs.begin(), needs.end());
  needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
  return needs;
}

void add_tasks(RunState& state, std::uint32_t stage, std::uint32_t count) {
  state.stages[stage].more = static_cast<std::uint32_t>(state.tasks.size());
  for (std::uint32_t cell = 1; cell < count; ++cell) {
    TaskState& task = state.tasks.emplace_back();
    task.stage = stage;
    task.cell = cell;
    task.generation = state.stages[stage].generation;
    task.no_cache = state.tasks[stage].no_cache;
  }
}

}  // namespace

Result<std::shared_ptr<const WorkflowSpec>> parse_workflow(const std::string& text) {
  CAIRN_ASSIGN(const json::object object, parse_json_object(text));
  CAIRN_ASSIGN(WorkflowSpec spec, workflow_spec_from_json(object));
  return std::shared_ptr<const WorkflowSpec>(std::make_shared<WorkflowSpec>(std::move(spec)));
}

Result<void> lay_out(RunState& state, std::shared_ptr<const WorkflowSpec> spec) {
  const auto stages = static_cast<std::uint32_t>(spec->stages.size());
  state.index.clear();
  for (std::uint32_t i = 0; i < stages; ++i) state.index[spec->stages[i].name] = i;
  state.needs.assign(stages, {});
  state.dependants.assign(stages, {});
  for (std::uint32_t i = 0; i < stages; ++i) {
    CAIRN_ASSIGN(state.needs[i], needs_of(state, *spec, i));
    for (const std::uint32_t need : state.needs[i]) state.dependants[need].push_back(i);
  }
  state.stages.assign(stages, {});
  state.tasks.clear();
  for (std::uint32_t i = 0; i < stages; ++i) {
    state.tasks.emplace_back().stage = i;
    StageState& stage = state.stages[i];
    stage.expanded = !spec->stages[i].foreach.has_value();
    if (const auto& cells = spec->stages[i].cells) {
      stage.cells = std::shared_ptr<const Cells>(spec, &*cells);
      stage.count = static_cast<std::uint32_t>(cells->size());
    }
  }
  for (std::uint32_t i = 0; i < stages; ++i) add_tasks(state, i, state.stages[i].count);
  state.spec = std::move(spec);
  count_tasks(state);
  return {};
}

Result<void> lay_out_again(RunState& state, std::shared_ptr<const WorkflowSpec> spec,
                           const std::vector<std::uint32_t>& collapsed) {
  RunState old;
  old.spec = state.spec;
  old.stages = std::move(state.stages);
  old.tasks = std::move(state.tasks);
  const auto restore = [&](Error error) {
    state.stages = std::move(old.stages);
    state.tasks = std::move(old.tasks);
    return error;
  };
  const auto same_name = [](const StageSpec& a, const StageSpec& b) { return a.name == b.name; };
  if (!std::equal(spec->stages.begin(), spec->stages.end(), old.spec->stages.begin(),
                  old.spec->stages.end(), same_name)) {
    return restore(internal_error("the stages of the next revision have other names"));
  }
  if (auto laid = lay_out(state, std::move(spec)); !laid.ok()) {
    return restore(std::move(laid).error());
  }
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    const StageState& before = old.stages[i];
    StageState& stage = state.stages[i];
    const bool gone = std::find(collapsed.begin(), collapsed.end(), i) != collapsed.end();
    stage.when_value = before.when_value;
    stage.approval_asked = before.approval_asked;
    stage.approved = before.approved;
    stage.approved_by = before.approved_by;
    stage.cause = before.cause;
    stage.message = before.message;
    if (gone) {
      for (const TaskState& task : old.tasks) {
        if (task.stage != i) continue;
        stage.generation = std::max<std::uint16_t>(stage.generation, task.generation + 1);
      }
      state.tasks[i].generation = stage.generation;
      continue;
    }
    stage.generation = before.generation;
    if (state.spec->stages[i].foreach && before.expanded) expand_stage(state, i, before.cells);
    std::unordered_map<std::string_view, std::uint32_t> cells;
    for (std::uint32_t cell = 0; before.cells && cell < before.cells->size(); ++cell) {
      cells.emplace(before.cells->labels[cell], cell);
    }
    const std::uint32_t tasks = std::max<std::uint32_t>(stage.count, 1);
    for (std::uint32_t cell = 0; cell < tasks; ++cell) {
      std::uint32_t from = 0;
      if (stage.cells && cell < stage.cells->size()) {
        const auto found = cells.find(stage.cells->labels[cell]);
        if (found == cells.end()) continue;
        from = found->second;
      } else if (before.cells && before.count > 0) {
        continue;  // it had other tasks
      }
      TaskState& task = state.tasks[state.task_of(i, cell)];
      task = std::move(old.tasks[from == 0 ? i : before.more + from - 1]);
      task.stage = i;
      task.cell = cell;
    }
  }
  count_tasks(state);
  return {};
}

void expand_stage(RunState& state, std::uint32_t stage, std::shared_ptr<const Cells> cells) {
  StageState& found = state.stages[stage];
  found.count = static_cast<std::uint32_t>(cells->size());
  found.cells = std::move(cells);
  found.expanded = true;
  if (found.count < 2) return;
  add_tasks(state, stage, found.count);
  found.in_phase[static_cast<std::size_t>(TaskPhase::kWaiting)] += found.count - 1;
  state.unfinished += found.count - 1;
}

void count_tasks(RunState& state) {
  state.unfinished = state.running = 0;
  for (StageState& stage : state.stages) stage.in_phase = {};
  for (const TaskState& task : state.tasks) {
    ++state.stages[task.stage].in_phase[static_cast<std::size_t>(task.phase)];
    if (!is_final(task.phase)) ++state.unfinished;
    if (task.phase == TaskPhase::kRunning) ++state.running;
  }
}

}  // namespace cairn
