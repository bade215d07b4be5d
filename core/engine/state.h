// RunState: what the engine knows about a run; the fold of its journal and nothing else.
//
// Plain data, changed only by step(). An Event is a journal entry (schemas/journal.proto). Stages
// and tasks are named by numbers; a run of 100,000 tasks takes about 60 MB.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/engine/executor.h"
#include "core/workflow/spec.h"
#include "schemas/host.pb.h"
#include "schemas/journal.pb.h"

namespace cairn {

using Event = v1::Event;
using Artifact = v1::Artifact;

// The format of the events this build writes.
inline constexpr std::uint32_t kEventFormat = 2;

namespace cause {
inline constexpr const char* kOom = "oom";
inline constexpr const char* kPreempted = "preempted";
inline constexpr const char* kNodeFailed = "node_failed";
inline constexpr const char* kTimeout = "timeout";
inline constexpr const char* kCrash = "crash";
inline constexpr const char* kError = "error";
inline constexpr const char* kCancelled = "cancelled";
inline constexpr const char* kUpstreamFailed = "upstream_failed";
inline constexpr const char* kCorruptRecord = "corrupt_record";
inline constexpr const char* kLostArtifact = "lost_artifact";
inline constexpr const char* kInvalidOutput = "invalid_output";
}  // namespace cause

enum class TaskPhase : std::uint8_t {
  kWaiting,  // for other stages, for resources, or for the time of its next attempt
  kRunning,  // has a live attempt
  kSucceeded,
  kFailed,
  kCancelled,
  kSkipped,
  kInterrupted,  // its attempt was stopped with the engine; resume goes on from its checkpoint
};
inline constexpr std::size_t kTaskPhases = 7;

[[nodiscard]] const char* to_string(TaskPhase phase);  // DESIGN §7's words
[[nodiscard]] bool is_final(TaskPhase phase);

enum class RunStatus : std::uint8_t { kRunning, kSucceeded, kFailed, kCancelled, kInterrupted };

[[nodiscard]] const char* to_string(RunStatus status);

struct AttemptState {
  std::uint32_t number = 0;  // from 1, never reused within a task
  std::uint32_t host = 0;    // its number in the run
  std::uint64_t token = 0;   // fencing: unique within the run, growing
  WallTime created_at{};
  std::optional<WallTime> started_at;  // the stage began
  std::optional<WallTime> finished_at;
  std::string fingerprint;  // JSON; empty: that of the host's attempt before
  std::string cause;        // of its failure; empty otherwise
  std::string message;
  bool returned = false;  // it never began; counts as no try
};

// What a task needs only when something unusual happened to it.
struct TaskTrouble {
  std::string cause;    // of failure or skipping
  std::string message;  // for people
  std::string reopened_because;
  std::string cache_note;
  WallTime not_before{};
  int failures = 0;                     // since the last resume, against retry.max_attempts
  std::map<std::string, int> by_cause;  // against retry.by_cause
  int lost_hosts = 0;                   // preempted and node_failed, against kLostHostBudget
  std::map<std::uint32_t, int> alarms;  // by watchdog rule: times it rolled back
  json::object amended;                 // parameters a watchdog set
  std::int64_t newest_checkpoint = -1;  // only checkpoints up to here are looked at; -1: all
};

struct TaskState {
  std::uint32_t stage = 0;
  std::uint32_t cell = 0;
  TaskPhase phase = TaskPhase::kWaiting;
  bool cached = false;
  bool no_cache = false;               // the cache is not asked
  std::uint16_t generation = 0;        // raised when it must not see earlier checkpoints
  std::uint32_t threads = 0;           // fixed by the first attempt; 0: none yet
  std::vector<AttemptState> attempts;  // live exactly when phase is kRunning: the last
  std::string key;                     // of the cache, 32 bytes, once it was looked up
  std::string cached_from;             // RUN/TASK
  std::vector<Artifact> outputs;
  std::map<std::string, double> metrics;  // last values, once an attempt ended
  v1::Progress progress;
  std::optional<std::int64_t> checkpoint_step;
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
  std::unique_ptr<TaskTrouble> trouble;  // null: none of it

  TaskState() = default;
  TaskState(const TaskState& other) { *this = other; }
  TaskState& operator=(const TaskState& other);
  TaskState(TaskState&&) = default;
  TaskState& operator=(TaskState&&) = default;
  ~TaskState() = default;

  [[nodiscard]] TaskTrouble& troubled();
  // An empty one where there is none.
  [[nodiscard]] const TaskTrouble& misfortune() const;
};

struct StageState {
  std::shared_ptr<const Cells> cells;  // null: one task without a label
  std::uint32_t more = 0;              // number of its second task, if it has one
  std::uint32_t count = 1;             // of its tasks
  bool expanded = true;                // false: a foreach whose list is not there yet
  std::uint16_t generation = 0;        // that its tasks begin with
  std::array<std::uint32_t, kTaskPhases> in_phase{};
  std::optional<bool> when_value;
  bool approval_asked = false;
  bool approved = false;
  std::string approved_by;
  std::string cause;    // why all of its tasks failed or were skipped together
  std::string message;  // for people

  [[nodiscard]] std::uint32_t in(TaskPhase phase) const {
    return in_phase[static_cast<std::size_t>(phase)];
  }
  // All its tasks are final and none was interrupted.
  [[nodiscard]] bool settled() const;
};

// A host as one run knows it.
struct HostState {
  HostHandle handle;  // no executor: the process was not known when this was journaled
  v1::ResourceLimits limits;
};

struct RunState {
  std::string id;
  std::string request_id;
  std::int32_t priority = 0;
  v1::Origin origin;  // run empty: it has none
  std::string environment_json;
  std::string traceparent;  // of who asked for it; empty: not known
  std::shared_ptr<const WorkflowSpec> spec;
  std::vector<StageState> stages;  // as spec->stages
  std::vector<TaskState> tasks;
  std::vector<HostState> hosts;  // number n at n - 1
  RunStatus status = RunStatus::kRunning;
  std::optional<v1::StopRequested::Kind> stop;
  bool paused = false;
  std::uint32_t revision = 1;
  std::uint64_t last_token = 0;
  std::uint64_t last_sequence = 0;  // of its journal
  std::uint64_t workflow_at = 0;    // sequence of the record that holds the workflow
  std::size_t since_snapshot = 0;   // events
  WallTime created_at{};
  std::optional<WallTime> started_at;  // of its first attempt or reuse
  std::optional<WallTime> finished_at;
  // The journal holds a record that cannot be read: the run is failed and is not continued.
  std::optional<std::string> quarantined;

  // Derived from the spec.
  std::map<std::string, std::uint32_t, std::less<>> index;  // stages by name
  std::vector<std::vector<std::uint32_t>> needs;            // stages each stage waits for, sorted
  std::vector<std::vector<std::uint32_t>> dependants;       // stages that wait for each
  // Derived from the tasks.
  std::size_t unfinished = 0;  // not final
  std::size_t running = 0;

  [[nodiscard]] std::optional<std::uint32_t> find_stage(std::string_view name) const;
  // "STAGE" or "STAGE[LABEL]".
  [[nodiscard]] std::optional<std::uint32_t> find_task(std::string_view name) const;
  [[nodiscard]] std::uint32_t task_of(std::uint32_t stage, std::uint32_t cell) const {
    return cell == 0 ? stage : stages[stage].more + cell - 1;
  }
  [[nodiscard]] const StageSpec& spec_of(const TaskState& task) const {
    return spec->stages[task.stage];
  }
};

inline constexpr int kLostHostBudget = 20;

// The event, folded into the state already, stands in the journal at this sequence.
void note_sequence(RunState& state, const Event& event, std::uint64_t sequence);

// The last attempt while it is live, else null.
[[nodiscard]] const AttemptState* live_attempt(const TaskState& task);
// The host of an attempt; its process is known when handle.executor is not empty.
[[nodiscard]] const HostState& host_of(const RunState& state, const AttemptState& attempt);

// "STAGE", or "STAGE[LABEL]" for one of several tasks.
[[nodiscard]] std::string task_name(const RunState& state, std::uint32_t task);
// "runs/RUN/STAGE", "runs/RUN/STAGE@CELL" for one of several tasks, ".N" behind it for a later
// generation.
[[nodiscard]] std::string task_folder(const RunState& state, std::uint32_t task);

// The parameters one task has on top of its stage's: its cell's, then what a watchdog amended.
[[nodiscard]] json::object own_params(const RunState& state, std::uint32_t task);

// A stage in DESIGN §7's words, from the phases of its tasks.
[[nodiscard]] std::string stage_phase_word(const RunState& state, std::uint32_t stage);

// Whether the task goes on from a checkpoint of the run this one was forked from.
[[nodiscard]] bool is_fork_point(const RunState& state, std::uint32_t task);

inline constexpr std::chrono::hours kLongestPause{1};  // between two attempts

// Equal in every attempt: from the run's seed, the stage's name and the cell's label.
[[nodiscard]] std::uint64_t task_seed(const RunState& state, std::uint32_t task);

}  // namespace cairn
