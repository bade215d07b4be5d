// AttemptContext: the StageContext of one attempt, on files. Hosts run stages with it, and so does
// StageHarness: a stage under test sees what it will see in a run.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/result.h"
#include "core/sdk/context.h"
#include "core/sdk/runtime/attempt_files.h"
#include "core/sdk/runtime/bounded_log.h"
#include "core/sdk/runtime/checkpoint_folder.h"
#include "core/sdk/runtime/memo_file.h"

namespace cairn {

class AttemptContext final : public StageContext {
 public:
  struct Settings {
    TaskFolder task;
    int attempt = 1;
    std::uint64_t seed = 0;
    StageResources resources;
    std::uint64_t log_limit = kLogLimit;
  };
  struct Status {
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::string unit;
    std::uint64_t log_bytes = 0;
    std::uint64_t metric_bytes = 0;
    std::map<std::string, double> last_metrics;
  };
  // Called on the stage's thread once a checkpoint is durable; its error fails the save.
  using OnCheckpoint = std::function<Result<void>(const CheckpointFolder::Saved&)>;

  // Makes the folders of the attempt; what an earlier, unfinished use of the same attempt number
  // left in out/ and tmp/ is removed.
  [[nodiscard]] static Result<std::unique_ptr<AttemptContext>> open(FileSystem& files,
                                                                    const Clock& clock,
                                                                    Settings settings,
                                                                    OnCheckpoint on_checkpoint);

  // From any thread: cancelled() is true from now on.
  void request_stop() { stop_ = true; }
  // From any thread.
  [[nodiscard]] Status status() const;
  // After run(): removes the temporary folder. The first write to a log or metric file that failed
  // is an error here, since those calls have no way to report it.
  [[nodiscard]] Result<void> close();

  [[nodiscard]] const AttemptFolder& folder() const { return folder_; }

  [[nodiscard]] std::uint64_t seed() const override { return settings_.seed; }
  [[nodiscard]] bool cancelled() const override { return stop_; }
  [[nodiscard]] const StageResources& resources() const override { return settings_.resources; }
  [[nodiscard]] int attempt() const override { return settings_.attempt; }
  void progress(std::uint64_t done, std::uint64_t total, std::string_view unit) override;
  void metric(std::string_view name, std::int64_t step, double value) override;
  void runtime_metric(std::string_view name, std::int64_t step, double value) override;
  void log(LogLevel level, std::string_view message) override;
  [[nodiscard]] const fs::path& temp_dir() const override { return temp_; }
  [[nodiscard]] const fs::path& work_dir() const override { return work_; }
  [[nodiscard]] Result<void> save_checkpoint(
      std::int64_t step, const std::function<Result<void>(const fs::path&)>& write) override;
  [[nodiscard]] Result<std::optional<StageCheckpoint>> latest_checkpoint() override;
  [[nodiscard]] Result<json::value> memo(std::string_view key,
                                         const std::function<Result<json::value>()>& fn) override;

 private:
  AttemptContext(FileSystem& files, const Clock& clock, Settings settings,
                 OnCheckpoint on_checkpoint);
  void write_metric(std::string_view name, std::int64_t step, double value, bool runtime);
  void keep_first_error(const Result<void>& written);

  FileSystem& files_;
  const Clock& clock_;
  Settings settings_;
  OnCheckpoint on_checkpoint_;
  AttemptFolder folder_;
  fs::path temp_;
  fs::path work_;
  CheckpointFolder checkpoints_;
  std::optional<MemoFile> memo_;  // opened by the first memo()
  std::unique_ptr<BoundedLog> log_;
  std::atomic<bool> stop_{false};

  mutable std::mutex mutex_;  // guards what follows
  std::unique_ptr<AppendFile> metrics_;
  Status status_;
  std::optional<Error> write_error_;
};

}  // namespace cairn
