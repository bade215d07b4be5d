// Runs whose tasks are set to what a test wants, without an engine.
#pragma once

#include "tests/unit/engine/engine_harness.h"

namespace cairn::testing {

inline constexpr WallTime kNow{Duration(1'800'000'000'000)};

inline WallTime seconds_ago(int seconds) {
  return kNow - std::chrono::seconds(seconds);
}

// As the engine makes it, with no task begun.
inline RunState fresh_run(std::vector<StageSpec> stages) {
  Lab lab;
  lab.config.totals.gpus = {"0", "1", "2", "3"};
  lab.start();
  RunState state = lab.state(lab.scheduler->submit(workflow(std::move(stages)), {}).value());
  for (TaskState& task : state.tasks) {
    if (task.phase == TaskPhase::kWaiting) continue;
    StageState& stage = state.stages[task.stage];
    --stage.in_phase[static_cast<std::size_t>(task.phase)];
    ++stage.in_phase[static_cast<std::size_t>(TaskPhase::kWaiting)];
    TaskState fresh;
    fresh.stage = task.stage;
    fresh.cell = task.cell;
    task = fresh;
  }
  return state;
}

inline TaskState& set_phase(RunState& state, const std::string& name, TaskPhase phase) {
  TaskState& task = state.tasks[state.find_task(name).value()];
  StageState& stage = state.stages[task.stage];
  --stage.in_phase[static_cast<std::size_t>(task.phase)];
  ++stage.in_phase[static_cast<std::size_t>(phase)];
  task.phase = phase;
  return task;
}

inline AttemptState& add_attempt(TaskState& task, int began) {
  AttemptState attempt;
  attempt.number = static_cast<std::uint32_t>(task.attempts.size() + 1);
  attempt.created_at = seconds_ago(began);
  attempt.started_at = attempt.created_at;
  return task.attempts.emplace_back(attempt);
}

// Seconds before kNow.
inline void start(RunState& state, const std::string& name, int began) {
  add_attempt(set_phase(state, name, TaskPhase::kRunning), began);
}
inline void end(RunState& state, const std::string& name, int began, int ended,
                TaskPhase phase = TaskPhase::kSucceeded) {
  TaskState& task = set_phase(state, name, phase);
  add_attempt(task, began).finished_at = seconds_ago(ended);
  task.finished_at = seconds_ago(ended);
}
inline void reuse(RunState& state, const std::string& name, const std::string& from) {
  TaskState& task = set_phase(state, name, TaskPhase::kSucceeded);
  task.cached = true;
  task.cached_from = from;
}

inline LiveTasks reports(const RunState& state, const std::string& name, std::uint64_t done,
                         std::uint64_t total) {
  LiveTasks live;
  LiveTask& task = live[state.find_task(name).value()];
  task.progress.set_done(done);
  task.progress.set_total(total);
  return live;
}

}  // namespace cairn::testing
