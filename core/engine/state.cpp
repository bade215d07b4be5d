#include "core/engine/state.h"

#include "core/base/digest.h"
#include "core/base/random.h"

namespace cairn {

const char* to_string(TaskPhase phase) {
  switch (phase) {
    case TaskPhase::kWaiting:
    case TaskPhase::kQueued:
      return "pending";
    case TaskPhase::kRunning:
      return "running";
    case TaskPhase::kSucceeded:
      return "succeeded";
    case TaskPhase::kFailed:
      return "failed";
    case TaskPhase::kCancelled:
      return "cancelled";
    case TaskPhase::kSkipped:
      return "skipped";
    case TaskPhase::kInterrupted:
      return "interrupted";
  }
  return "unknown";
}

bool is_final(TaskPhase phase) {
  return phase != TaskPhase::kWaiting && phase != TaskPhase::kQueued &&
         phase != TaskPhase::kRunning;
}

const char* to_string(RunStatus status) {
  switch (status) {
    case RunStatus::kRunning:
      return "running";
    case RunStatus::kSucceeded:
      return "succeeded";
    case RunStatus::kFailed:
      return "failed";
    case RunStatus::kCancelled:
      return "cancelled";
    case RunStatus::kInterrupted:
      return "interrupted";
  }
  return "unknown";
}

std::optional<std::size_t> RunState::find(std::string_view task) const {
  const auto found = index.find(task);
  if (found == index.end()) return std::nullopt;
  return found->second;
}

const AttemptState* live_attempt(const TaskState& task) {
  return task.phase == TaskPhase::kRunning ? &task.attempts.back() : nullptr;
}

std::string task_folder(const RunState& state, std::size_t task) {
  std::string folder = "runs/" + state.id + "/" + state.spec->stages[task].name;
  if (const int generation = state.tasks[task].generation; generation > 0) {
    folder += "." + std::to_string(generation);
  }
  return folder;
}

std::uint64_t task_seed(std::uint64_t run_seed, std::string_view stage) {
  const Digest digest = digest_of(stage);
  const std::string bits(digest_hex(digest).substr(0, 16));
  return derive_seed(run_seed, "stage", {std::stoull(bits, nullptr, 16)});
}

}  // namespace cairn
