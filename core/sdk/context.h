// StageContext: everything a running stage may ask of Cairn.
//
// Promise to keep (DESIGN §1): outputs hold no wall time, duration, host, process id, run id or
// absolute path. What does goes to log() and runtime_metric().
//
// Within an ABI major, virtual functions are added at the end only: a plugin finds those it knows
// where they were when it was built.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/random.h"
#include "core/base/result.h"

namespace cairn {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct StageResources {
  int cpus = 1;                    // threads to use; fixed at the task's first attempt
  std::uint64_t memory_bytes = 0;  // 0: no limit known
  int gpus = 0;
};

struct StageCheckpoint {
  std::int64_t step = 0;
  fs::path folder;  // read-only; verified against its checksums
};

// Any thread: marked so. Everything else: the thread that runs the stage.
class StageContext {
 public:
  virtual ~StageContext() = default;

  // hash(run seed, stage, matrix values): equal in every attempt of the task. Any thread.
  [[nodiscard]] virtual std::uint64_t seed() const = 0;
  // The same draws for the same purpose and key, in any order of calls. Any thread.
  [[nodiscard]] RandomStream random(std::string_view purpose,
                                    std::initializer_list<std::uint64_t> key = {}) const {
    return RandomStream(seed(), purpose, key);
  }

  // True once the engine asked the attempt to stop: save a checkpoint and return
  // stage_cancelled(), within a second. Any thread.
  [[nodiscard]] virtual bool cancelled() const = 0;
  // The same as a token, to wait with or to hand to workers. Any thread.
  [[nodiscard]] virtual std::stop_token stop_token() const = 0;
  // What the stage may use. Any thread.
  [[nodiscard]] virtual const StageResources& resources() const = 0;
  // Counts from 1. Any thread.
  [[nodiscard]] virtual int attempt() const = 0;
  // For durations that are logged or reported as runtime metrics; tests move it. Any thread.
  [[nodiscard]] virtual const Clock& clock() const = 0;

  // total 0: unknown. It never goes back: a smaller `done` is left out, with one warning in the
  // log. Any thread.
  virtual void progress(std::uint64_t done, std::uint64_t total, std::string_view unit) = 0;
  // A number that belongs to the result: the same in every uninterrupted run with this seed.
  // Millions a second are fine. Any thread.
  virtual void metric(std::string_view name, std::int64_t step, double value) = 0;
  // A number about this machine and moment (seconds, bytes per second). Any thread.
  virtual void runtime_metric(std::string_view name, std::int64_t step, double value) = 0;
  // fields: what the message is about, apart from it, to be searched for. Any thread.
  virtual void log(LogLevel level, std::string_view message, const json::object& fields) = 0;
  void log(LogLevel level, std::string_view message) { log(level, message, {}); }
  void info(std::string_view message) { log(LogLevel::kInfo, message); }
  void info(std::string_view message, const json::object& fields) {
    log(LogLevel::kInfo, message, fields);
  }
  void warn(std::string_view message) { log(LogLevel::kWarning, message); }
  void warn(std::string_view message, const json::object& fields) {
    log(LogLevel::kWarning, message, fields);
  }

  // A folder for this attempt alone, empty at first and emptied after it.
  [[nodiscard]] virtual const fs::path& temp_dir() const = 0;
  // A folder of the task that all its attempts share (segments of append-only logs).
  [[nodiscard]] virtual const fs::path& work_dir() const = 0;

  // How many of the newest checkpoints stay; 2 unless said. At least 1.
  virtual void keep_checkpoints(int newest) = 0;
  // Calls write with an empty folder; when it returns, the folder is synced, checksummed and
  // published atomically, and older checkpoints beyond the retention are removed.
  // Steps grow within a task.
  [[nodiscard]] virtual Result<void> save_checkpoint(
      std::int64_t step, const std::function<Result<void>(const fs::path& folder)>& write) = 0;
  // The newest checkpoint that verifies; damaged ones are named in the log and skipped.
  [[nodiscard]] virtual Result<std::optional<StageCheckpoint>> latest_checkpoint() = 0;

  // The result of an expensive or non-deterministic call, journaled before it is returned: a
  // resumed stage gets the same answer without calling fn again.
  [[nodiscard]] virtual Result<json::value> memo(
      std::string_view key, const std::function<Result<json::value>()>& fn) = 0;

  // Bytes that a program the stage runs has printed, as they come: appended to what the attempt
  // printed, without the secrets among the parameters.
  virtual void output(std::string_view bytes) = 0;
  // Text without the secrets among the parameters, for what the stage says in other ways. Log
  // lines, metric names and errors need no such care. Any thread.
  [[nodiscard]] virtual std::string redacted(std::string_view text) const = 0;
};

// What a stage returns when cancelled() told it to stop.
[[nodiscard]] inline Error stage_cancelled() {
  return make_error(ErrorCode::kCancelled, "the stage was asked to stop");
}

}  // namespace cairn
