#include "core/engine/state.h"

#include <algorithm>

#include "core/base/digest.h"
#include "core/base/random.h"

namespace cairn {
namespace {

std::uint64_t first_bits(std::string_view text) {
  const Digest digest = digest_of(text);
  return std::stoull(std::string(digest_hex(digest).substr(0, 16)), nullptr, 16);
}

}  // namespace

const char* to_string(TaskPhase phase) {
  switch (phase) {
    case TaskPhase::kWaiting:
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
  return phase != TaskPhase::kWaiting && phase != TaskPhase::kRunning;
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

TaskState& TaskState::operator=(const TaskState& other) {
  if (this == &other) return *this;
  stage = other.stage;
  cell = other.cell;
  phase = other.phase;
  cached = other.cached;
  no_cache = other.no_cache;
  generation = other.generation;
  threads = other.threads;
  attempts = other.attempts;
  key = other.key;
  cached_from = other.cached_from;
  outputs = other.outputs;
  metrics = other.metrics;
  progress = other.progress;
  checkpoint_step = other.checkpoint_step;
  started_at = other.started_at;
  finished_at = other.finished_at;
  trouble = other.trouble ? std::make_unique<TaskTrouble>(*other.trouble) : nullptr;
  return *this;
}

TaskTrouble& TaskState::troubled() {
  if (!trouble) trouble = std::make_unique<TaskTrouble>();
  return *trouble;
}

const TaskTrouble& TaskState::misfortune() const {
  static const TaskTrouble kNone;
  return trouble ? *trouble : kNone;
}

bool StageState::settled() const {
  return in(TaskPhase::kWaiting) == 0 && in(TaskPhase::kRunning) == 0 &&
         in(TaskPhase::kInterrupted) == 0;
}

std::optional<std::uint32_t> RunState::find_stage(std::string_view name) const {
  const auto found = index.find(name);
  if (found == index.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint32_t> RunState::find_task(std::string_view name) const {
  const std::size_t bracket = name.find('[');
  const auto stage = find_stage(name.substr(0, bracket));
  if (!stage) return std::nullopt;
  if (bracket == std::string_view::npos) return stages[*stage].cells ? std::nullopt : stage;
  const auto& cells = stages[*stage].cells;
  if (!cells || !name.ends_with(']')) return std::nullopt;
  const std::string_view label = name.substr(bracket + 1, name.size() - bracket - 2);
  for (std::uint32_t cell = 0; cell < cells->size(); ++cell) {
    if (cells->labels[cell] == label) return task_of(*stage, cell);
  }
  return std::nullopt;
}

void note_sequence(RunState& state, const Event& event, std::uint64_t sequence) {
  state.last_sequence = sequence;
  ++state.since_snapshot;
  const bool workflow = event.has_run_created() ||
                        (event.has_run_resumed() && !event.run_resumed().workflow_json().empty());
  if (workflow) state.workflow_at = sequence;
}

const AttemptState* live_attempt(const TaskState& task) {
  return task.phase == TaskPhase::kRunning ? &task.attempts.back() : nullptr;
}

const HostState& host_of(const RunState& state, const AttemptState& attempt) {
  return state.hosts[attempt.host - 1];
}

std::string task_name(const RunState& state, std::uint32_t task) {
  const TaskState& found = state.tasks[task];
  const StageState& stage = state.stages[found.stage];
  std::string name = state.spec->stages[found.stage].name;
  if (stage.cells && found.cell < stage.cells->size()) {
    name += '[' + stage.cells->labels[found.cell] + ']';
  }
  return name;
}

std::string task_folder(const RunState& state, std::uint32_t task) {
  const TaskState& found = state.tasks[task];
  std::string folder = "runs/" + state.id + "/" + state.spec->stages[found.stage].name;
  if (state.stages[found.stage].cells) folder += '@' + std::to_string(found.cell);
  if (found.generation > 0) folder += '.' + std::to_string(found.generation);
  return folder;
}

json::object own_params(const RunState& state, std::uint32_t task) {
  const TaskState& found = state.tasks[task];
  json::object params;
  if (const auto& cells = state.stages[found.stage].cells) {
    for (const auto& [name, column] : cells->params) params[name] = column[found.cell];
  }
  for (const auto& [name, value] : found.misfortune().amended) params[name] = value;
  return params;
}

std::string stage_phase_word(const RunState& state, std::uint32_t number) {
  const StageState& stage = state.stages[number];
  for (const TaskPhase phase :
       {TaskPhase::kRunning, TaskPhase::kWaiting, TaskPhase::kFailed, TaskPhase::kCancelled,
        TaskPhase::kInterrupted, TaskPhase::kSkipped}) {
    const std::uint32_t count = stage.in(phase);
    if (count == 0) continue;
    // Some of its tasks have ended: it is under way.
    const bool begun = phase == TaskPhase::kWaiting && count < std::max(stage.count, 1U);
    return begun ? to_string(TaskPhase::kRunning) : to_string(phase);
  }
  return to_string(TaskPhase::kSucceeded);
}

bool is_fork_point(const RunState& state, std::uint32_t task) {
  const TaskState& found = state.tasks[task];
  return state.origin.fork() && found.generation == 0 &&
         state.spec->stages[found.stage].name == state.origin.stage();
}

std::uint64_t task_seed(const RunState& state, std::uint32_t task) {
  const TaskState& found = state.tasks[task];
  const std::uint64_t seed =
      derive_seed(state.spec->seed, "stage", {first_bits(state.spec->stages[found.stage].name)});
  const auto& cells = state.stages[found.stage].cells;
  return cells ? derive_seed(seed, "cell", {first_bits(cells->labels[found.cell])}) : seed;
}

}  // namespace cairn
