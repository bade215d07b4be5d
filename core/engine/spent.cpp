#include "core/engine/spent.h"

#include <algorithm>

namespace cairn {

SpentTime spent_by(const RunState& state, const TaskState& task, std::optional<WallTime> now) {
  SpentTime spent;
  const ResourceSpec& held = state.spec_of(task).resources;
  for (const AttemptState& attempt : task.attempts) {
    const bool live = !attempt.finished_at && &attempt == live_attempt(task);
    const std::optional<WallTime> end = live ? now : attempt.finished_at;
    if (!end || attempt.returned) continue;
    const double seconds =
        std::chrono::duration<double>(std::max(*end, attempt.created_at) - attempt.created_at)
            .count();
    spent.seconds += seconds;
    spent.cpu_seconds += seconds * held.cpus;
    spent.gpu_seconds += seconds * held.gpus;
  }
  return spent;
}

SpentTime spent_by(const RunState& state, std::optional<WallTime> now) {
  SpentTime sum;
  for (const TaskState& task : state.tasks) {
    const SpentTime one = spent_by(state, task, now);
    sum.seconds += one.seconds;
    sum.cpu_seconds += one.cpu_seconds;
    sum.gpu_seconds += one.gpu_seconds;
  }
  return sum;
}

}  // namespace cairn
