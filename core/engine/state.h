// RunState: what the engine knows about a run; the fold of its journal and nothing else.
//
// Plain data, changed only by step(). An Event is a journal entry (schemas/journal.proto).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
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
inline constexpr std::uint32_t kEventFormat = 1;

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

enum class TaskPhase {
  kWaiting,  // for other tasks, or for the engine to look at the cache
  kQueued,   // not in the cache; waits for resources, and until not_before
  kRunning,  // has a live attempt
  kSucceeded,
  kFailed,
  kCancelled,
  kSkipped,
  kInterrupted,  // its attempt was stopped with the engine; resume goes on from its checkpoint
};

[[nodiscard]] const char* to_string(TaskPhase phase);  // DESIGN §7's words
[[nodiscard]] bool is_final(TaskPhase phase);

enum class RunStatus { kRunning, kSucceeded, kFailed, kCancelled, kInterrupted };

[[nodiscard]] const char* to_string(RunStatus status);

struct AttemptState {
  std::uint32_t number = 0;  // from 1, never reused within a task
  std::uint64_t token = 0;   // fencing: unique within the run, growing
  std::string folder;        // of the task, relative to the store folder
  v1::ResourceLimits limits;
  HostHandle host;     // pid 0 and no job: the process was not known when this was journaled
  bool bound = false;  // the host's process exists
  WallTime created_at{};
  std::optional<WallTime> started_at;  // the stage began
  std::optional<WallTime> finished_at;
  std::uint64_t spool_sequence = 0;  // reports up to here are in the journal
  std::string cause;                 // of its failure; empty otherwise
  std::string message;
};

struct TaskState {
  TaskPhase phase = TaskPhase::kWaiting;
  std::vector<AttemptState> attempts;  // live exactly when phase is kRunning: the last
  std::optional<bool> when_value;
  bool cached = false;
  std::string cached_from;  // RUN/TASK
  std::string key;          // of the cache, once it was looked up
  std::string key_components;
  std::string cache_note;
  std::vector<Artifact> outputs;
  std::map<std::string, double> metrics;  // last values, once an attempt ended
  v1::Progress progress;
  std::string cause;    // of failure or skipping
  std::string message;  // for people
  std::string reopened_because;
  WallTime not_before{};
  int failures = 0;           // since the last resume, against retry.max_attempts
  int lost_hosts = 0;         // preempted and node_failed, against kLostHostBudget
  std::uint32_t threads = 0;  // fixed by the first attempt; 0: none yet
  bool no_cache = false;      // the cache is not asked
  int generation = 0;         // raised when it must not see earlier checkpoints
  std::optional<std::int64_t> checkpoint_step;
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
};

struct RunState {
  std::string id;
  std::string request_id;
  std::shared_ptr<const WorkflowSpec> spec;
  std::vector<TaskState> tasks;  // as spec->stages
  RunStatus status = RunStatus::kRunning;
  std::optional<v1::StopRequested::Kind> stop;
  std::uint32_t revision = 1;
  std::uint64_t last_token = 0;
  std::uint64_t last_sequence = 0;  // of its journal
  WallTime created_at{};
  std::optional<WallTime> finished_at;
  // The journal holds a record that cannot be read: the run is failed and is not continued.
  std::optional<std::string> quarantined;

  // Derived from the spec.
  std::map<std::string, std::size_t, std::less<>> index;
  std::vector<std::vector<std::size_t>> dependants;
  // Derived from the tasks.
  std::size_t unfinished = 0;  // not final
  std::size_t running = 0;

  [[nodiscard]] std::optional<std::size_t> find(std::string_view task) const;
};

inline constexpr int kLostHostBudget = 20;

// The last attempt while it is live, else null.
[[nodiscard]] const AttemptState* live_attempt(const TaskState& task);

// "runs/RUN/TASK", or "runs/RUN/TASK.N" for a later generation.
[[nodiscard]] std::string task_folder(const RunState& state, std::size_t task);

// Equal in every attempt: derive_seed(run seed, "stage", first 64 bits of SHA-256 of its name).
[[nodiscard]] std::uint64_t task_seed(std::uint64_t run_seed, std::string_view stage);

}  // namespace cairn
