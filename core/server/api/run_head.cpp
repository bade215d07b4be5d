#include "core/server/api/run_head.h"

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <ranges>

#include "core/engine/spent.h"
#include "core/engine/view.h"

namespace cairn::api {
namespace {

// The first stage that failed by itself.
std::optional<json::object> failed_stage(const RunState& state) {
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    if (state.stages[i].in(TaskPhase::kFailed) == 0) continue;
    json::object failed{{"stage", state.spec->stages[i].name},
                        {"tasks", state.stages[i].in(TaskPhase::kFailed)}};
    if (auto error = stage_error(state, i)) {
      for (auto& [name, value] : *error) failed[name] = std::move(value);
    }
    return failed;
  }
  return std::nullopt;
}

struct Ready {
  std::size_t for_room = 0;
  std::size_t for_time = 0;  // of their next attempt
  std::optional<WallTime> until;
  std::optional<std::uint32_t> stage;  // the first
};

Ready ready_tasks(const RunState& state, WallTime now) {
  Ready ready;
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    const StageState& stage = state.stages[i];
    const bool inputs = std::ranges::all_of(
        state.needs[i], [&](std::uint32_t need) { return state.stages[need].settled(); });
    if (stage.in(TaskPhase::kWaiting) == 0 || !stage.expanded || !inputs) continue;
    if (stage.approval_asked && !stage.approved) continue;
    if (!ready.stage) ready.stage = i;
    for (std::uint32_t cell = 0; cell < stage.count; ++cell) {
      const TaskState& task = state.tasks[state.task_of(i, cell)];
      if (task.phase != TaskPhase::kWaiting) continue;
      const WallTime not_before = task.misfortune().not_before;
      if (not_before <= now) {
        ++ready.for_room;
        continue;
      }
      ++ready.for_time;
      if (!ready.until || not_before < *ready.until) ready.until = not_before;
    }
  }
  return ready;
}

std::optional<std::uint32_t> asking_stage(const RunState& state) {
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    const StageState& stage = state.stages[i];
    if (stage.approval_asked && !stage.approved && stage.in(TaskPhase::kWaiting) > 0) return i;
  }
  return std::nullopt;
}

// Why not more of it runs.
std::optional<json::object> waiting_of(const RunState& state, WallTime now) {
  const auto waiting = [&](const char* reason, std::size_t tasks,
                           std::optional<std::uint32_t> stage) {
    json::object object{{"reason", reason}, {"tasks", tasks}};
    if (stage) object["stage"] = state.spec->stages[*stage].name;
    return object;
  };
  const Ready ready = ready_tasks(state, now);
  if (state.paused) return waiting("paused", ready.for_room + ready.for_time, ready.stage);
  if (const auto stage = asking_stage(state)) {
    json::object object = waiting("approval", state.stages[*stage].in(TaskPhase::kWaiting), stage);
    object["question"] = state.spec->stages[*stage].approval.value_or("");
    return object;
  }
  if (ready.for_room > 0) return waiting("room", ready.for_room, ready.stage);
  if (ready.for_time == 0) return std::nullopt;
  json::object object = waiting("retry", ready.for_time, ready.stage);
  object["until"] = format_rfc3339(*ready.until);
  return object;
}

json::object spent_view(const RunState& state, bool served, WallTime now) {
  const SpentTime spent = spent_by(state, served ? std::optional(now) : std::nullopt);
  std::uint64_t gpus = 0;
  for (std::uint32_t i = 0; i < state.stages.size() && served; ++i) {
    gpus += static_cast<std::uint64_t>(state.stages[i].in(TaskPhase::kRunning)) *
            static_cast<std::uint64_t>(state.spec->stages[i].resources.gpus);
  }
  return {{"seconds", spent.seconds},
          {"cpu_seconds", spent.cpu_seconds},
          {"gpu_seconds", spent.gpu_seconds},
          {"gpus_in_use", gpus}};
}

}  // namespace

ReusedTasks reused_tasks(const RunState& state) {
  ReusedTasks reused;
  for (std::uint32_t number = 0; number < state.tasks.size(); ++number) {
    const TaskState& task = state.tasks[number];
    const std::size_t slash = task.cached_from.find('/');
    if (!task.cached || slash == std::string::npos) continue;
    reused[task.cached_from.substr(0, slash)].push_back(
        {task.cached_from.substr(slash + 1), number});
  }
  return reused;
}

void add_saved(Saved& saved, const RunState& origin, const std::vector<ReusedTask>& tasks) {
  for (const ReusedTask& reused : tasks) {
    std::optional<std::uint32_t> number = reused.number;
    // A name is searched for only where the workflow was another.
    if (*number >= origin.tasks.size() || task_name(origin, *number) != reused.task)
      number = origin.find_task(reused.task);
    if (!number) continue;
    const SpentTime spent = spent_by(origin, origin.tasks[*number], std::nullopt);
    ++saved.tasks;
    saved.seconds += spent.seconds;
    saved.gpu_seconds += spent.gpu_seconds;
  }
}

json::object head_view(const RunNow& run, const HeadSources& sources) {
  const RunState& state = run.state;
  const RunRow row = shown_row(state, run.served);
  json::object object = run_facts(state, run.served);
  object["sequence"] = state.last_sequence;
  object["tasks"] = json::object{{"total", row.tasks},
                                 {"succeeded", row.succeeded},
                                 {"by_status", json::value_from(row.by_status)}};
  object["reused"] = row.reused;
  object["spent"] = spent_view(state, run.served, sources.now);
  if (auto failed = failed_stage(state)) object["failed"] = std::move(*failed);
  if (sources.saved && sources.saved->tasks > 0) {
    object["saved"] = json::object{{"tasks", sources.saved->tasks},
                                   {"seconds", sources.saved->seconds},
                                   {"gpu_seconds", sources.saved->gpu_seconds}};
  }
  if (!run.served || state.status != RunStatus::kRunning) return object;
  if (auto waiting = waiting_of(state, sources.now)) object["waiting"] = std::move(*waiting);
  const Estimate estimate =
      estimate_rest(state, run.live, sources.totals, sources.earlier, sources.now);
  if (estimate.rest) {
    object["estimate"] =
        json::object{{"seconds", *estimate.rest}, {"basis", json::value_from(estimate.basis)}};
  } else {
    object["no_estimate"] = estimate.why_not;
  }
  return object;
}

}  // namespace cairn::api
