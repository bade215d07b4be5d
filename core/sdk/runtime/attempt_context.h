// AttemptContext: the StageContext of one attempt, on files. Hosts run stages with it, and so does
// StageHarness: a stage under test sees what it will see in a run.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
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
#include "core/sdk/runtime/metric_log.h"
#include "core/sdk/runtime/redactor.h"

namespace cairn {

// Every folder and file of the attempt is made when it is first needed: an attempt that says and
// writes nothing leaves nothing on the disk.
class AttemptContext final : public StageContext {
 public:
  struct Settings {
    TaskFolder task;
    int attempt = 1;
    std::uint64_t seed = 0;
    StageResources resources;
    std::uint64_t log_limit = kLogLimit;
    fs::path temp;                      // where temp_dir() is; empty: in the attempt's folder
    std::span<const MetricRule> rules;  // watchdogs; what it points to outlives the context
  };
  struct Status {
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::string unit;
    std::uint64_t log_bytes = 0;  // in the files
    std::uint64_t metric_bytes = 0;
    std::map<std::string, double> last_metrics;
  };
  // Called on the stage's thread once a checkpoint is durable; its error fails the save.
  using OnCheckpoint = std::function<Result<void>(const CheckpointFolder::Saved&)>;

  AttemptContext(FileSystem& files, const Clock& clock, Settings settings,
                 OnCheckpoint on_checkpoint);

  // While the stage does not run: these, too, are left out of whatever it says from now on.
  void hide(const std::vector<std::string>& secrets);
  // An empty out/, for a stage that has outputs: what an earlier use of it left is removed.
  [[nodiscard]] Result<void> make_out();
  // While the stage does not run. cancelled() also becomes true once the stage's progress or a
  // checkpoint reaches this step; nullopt: no longer.
  void pause_at(std::optional<std::int64_t> step);

  // From any thread: cancelled() is true from now on.
  void request_stop();
  // From any thread: the folder of the attempt, made now if it is not there.
  [[nodiscard]] Result<fs::path> make_folder() const;
  [[nodiscard]] bool has_folder() const { return has_folder_; }
  // From any thread. Metrics are written to their file first, so that readers find them.
  [[nodiscard]] Status status();
  // The first that was raised.
  [[nodiscard]] std::optional<MetricAlarm> alarm() const;
  // After run(): empties the temporary folder. The first write that failed is an error here, since
  // those calls have no way to report it.
  [[nodiscard]] Result<void> close();
  // At the very end: removes out/ and the folders of the attempt and of the task, as far as they
  // are empty.
  void remove_empty_folders();

  [[nodiscard]] AttemptFolder folder() const { return settings_.task.attempt(settings_.attempt); }
  [[nodiscard]] CheckpointFolder checkpoints() const {
    return {files_, settings_.task.checkpoints(), static_cast<std::size_t>(keep_)};
  }

  [[nodiscard]] std::uint64_t seed() const override { return settings_.seed; }
  [[nodiscard]] bool cancelled() const override { return stop_ || paused_; }
  [[nodiscard]] std::stop_token stop_token() const override;
  [[nodiscard]] const StageResources& resources() const override { return settings_.resources; }
  [[nodiscard]] int attempt() const override { return settings_.attempt; }
  [[nodiscard]] const Clock& clock() const override { return clock_; }
  void progress(std::uint64_t done, std::uint64_t total, std::string_view unit) override;
  void metric(std::string_view name, std::int64_t step, double value) override;
  void runtime_metric(std::string_view name, std::int64_t step, double value) override;
  using StageContext::log;
  void log(LogLevel level, std::string_view message, const json::object& fields) override;
  // A folder that cannot be made is an error of close().
  [[nodiscard]] const fs::path& temp_dir() const override;
  [[nodiscard]] const fs::path& work_dir() const override;
  void keep_checkpoints(int newest) override { keep_ = std::max(1, newest); }
  [[nodiscard]] Result<void> save_checkpoint(
      std::int64_t step, const std::function<Result<void>(const fs::path&)>& write) override;
  [[nodiscard]] Result<std::optional<StageCheckpoint>> latest_checkpoint() override;
  [[nodiscard]] Result<json::value> memo(std::string_view key,
                                         const std::function<Result<json::value>()>& fn) override;
  void output(std::string_view bytes) override;
  [[nodiscard]] std::string redacted(std::string_view text) const override;

 private:
  void write_metric(std::string_view name, std::int64_t step, double value, bool runtime);
  [[nodiscard]] Result<void> write_log(LogLevel level, std::string_view message,
                                       const json::object& fields);
  [[nodiscard]] Result<void> write_output(std::string_view text);
  void keep_first_error(const Result<void>& written) const;
  void reach(std::int64_t step);
  void stop_waiting();
  // Without secrets, and text that every reader takes.
  [[nodiscard]] std::string clean(std::string_view text) const;

  FileSystem& files_;
  const Clock& clock_;
  const Settings settings_;
  const OnCheckpoint on_checkpoint_;
  std::vector<std::string> secrets_;
  Redactor redactor_;  // of secrets_
  std::atomic<bool> stop_{false};
  std::atomic<bool> paused_{false};
  std::atomic<std::int64_t> pause_at_{-1};
  mutable std::atomic<bool> has_folder_{false};

  // Of the stage's thread.
  int keep_ = 2;
  bool pause_saved_ = false;  // there is a checkpoint at the step of pause_at, or behind it
  mutable std::optional<fs::path> temp_;
  mutable std::optional<fs::path> work_;
  std::optional<MemoFile> memo_;
  std::optional<RedactedStream> output_;
  std::unique_ptr<AppendFile> output_file_;

  mutable std::mutex mutex_;  // guards what follows
  std::stop_source stop_source_;
  std::unique_ptr<BoundedLog> log_;
  MetricLog metrics_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  std::string unit_;
  bool went_back_ = false;  // the progress, once or more
  std::optional<MetricAlarm> alarm_;
  mutable std::optional<Error> write_error_;
};

}  // namespace cairn
