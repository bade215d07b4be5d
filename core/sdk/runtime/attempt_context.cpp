#include "core/sdk/runtime/attempt_context.h"

#include <utility>

#include "core/base/boundary.h"
#include "core/base/text.h"

namespace cairn {
namespace {

const char* level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

std::string log_line(const Clock& clock, LogLevel level, std::string_view message,
                     const json::object& fields = {}) {
  const std::string text = is_valid_utf8(message) ? std::string(message) : printable(message);
  json::object line{
      {"time", format_rfc3339(clock.now())}, {"level", level_name(level)}, {"message", text}};
  if (!fields.empty()) line["fields"] = fields;
  std::string serialized = json::serialize(line);
  return is_valid_utf8(serialized) ? serialized : printable(serialized);
}

// Every text of a value.
void redact(json::value& value, const Redactor& redactor) {
  if (auto* text = value.if_string()) {
    *text = redactor.redacted(*text);
  } else if (auto* list = value.if_array()) {
    for (auto& item : *list) redact(item, redactor);
  } else if (auto* object = value.if_object()) {
    for (auto& member : *object) redact(member.value(), redactor);
  }
}

// A folder that is empty already is left as it is.
Result<void> make_empty(FileSystem& files, const fs::path& folder) {
  std::error_code error;
  const auto status = fs::symlink_status(folder, error);
  if (fs::is_directory(status) && fs::is_empty(folder, error)) return {};
  const PersistenceBoundary boundary(Boundary::kAttemptPrepare);
  if (fs::exists(status)) CAIRN_TRY(files.remove_all(folder));
  return files.make_directories(folder);
}

}  // namespace

AttemptContext::AttemptContext(FileSystem& files, const Clock& clock, Settings settings,
                               OnCheckpoint on_checkpoint)
    : files_(files),
      clock_(clock),
      settings_(std::move(settings)),
      on_checkpoint_(std::move(on_checkpoint)),
      metrics_(
          files,
          [this]() -> Result<fs::path> {
            CAIRN_TRY(make_folder());
            return folder().metrics();
          },
          settings_.rules, redactor_) {}

Result<fs::path> AttemptContext::make_folder() const {
  const fs::path root = folder().root;
  if (has_folder_) return root;
  const PersistenceBoundary boundary(Boundary::kAttemptPrepare);
  CAIRN_TRY(files_.make_directories(root));
  has_folder_ = true;
  return root;
}

void AttemptContext::hide(const std::vector<std::string>& secrets) {
  secrets_.insert(secrets_.end(), secrets.begin(), secrets.end());
  redactor_ = Redactor(secrets_);
}

Result<void> AttemptContext::make_out() {
  CAIRN_TRY(make_folder());
  return make_empty(files_, folder().out());
}

void AttemptContext::pause_at(std::optional<std::int64_t> step) {
  pause_at_ = step.value_or(-1);
  paused_ = false;
  pause_saved_ = false;
  temp_.reset();  // emptied when it is asked for again
  const std::lock_guard lock(mutex_);
  if (!stop_) stop_source_ = std::stop_source();
  // The stage begins anew, from a checkpoint.
  done_ = 0;
}

void AttemptContext::request_stop() {
  stop_ = true;
  stop_waiting();
}

// What waits for the token is called without the lock.
void AttemptContext::stop_waiting() {
  std::stop_source source;
  {
    const std::lock_guard lock(mutex_);
    source = stop_source_;
  }
  source.request_stop();
}

std::stop_token AttemptContext::stop_token() const {
  const std::lock_guard lock(mutex_);
  return stop_source_.get_token();
}

void AttemptContext::reach(std::int64_t step) {
  const std::int64_t pause = pause_at_;
  if (pause < 0 || step < pause || paused_.exchange(true)) return;
  stop_waiting();
}

AttemptContext::Status AttemptContext::status() {
  Status status;
  const std::lock_guard lock(mutex_);
  if (const auto flushed = metrics_.flush(); !flushed.ok() && !write_error_)
    write_error_ = flushed.error();
  status.done = done_;
  status.total = total_;
  status.unit = unit_;
  status.log_bytes = log_ ? log_->size() : 0;
  status.metric_bytes = metrics_.size();
  status.last_metrics = metrics_.last();
  return status;
}

std::optional<MetricAlarm> AttemptContext::alarm() const {
  const std::lock_guard lock(mutex_);
  return alarm_;
}

Result<void> AttemptContext::close() {
  if (output_) keep_first_error(write_output(output_->finish()));
  if (temp_) keep_first_error(make_empty(files_, *temp_));
  const std::lock_guard lock(mutex_);
  auto flushed = metrics_.flush();
  if (write_error_) return *write_error_;
  return flushed;
}

void AttemptContext::remove_empty_folders() {
  const std::lock_guard lock(mutex_);
  if (!has_folder_) return;
  const PersistenceBoundary boundary(Boundary::kAttemptClean);
  note_change("remove", folder().root.native());
  std::error_code in_use;
  fs::remove(folder().out(), in_use);
  fs::remove(folder().tmp(), in_use);
  // Who looks meanwhile whether the folder was taken away finds that there is none.
  has_folder_ = false;
  has_folder_ = !fs::remove(folder().root, in_use);
  if (!has_folder_) fs::remove(settings_.task.root, in_use);
}

void AttemptContext::progress(std::uint64_t done, std::uint64_t total, std::string_view unit) {
  reach(static_cast<std::int64_t>(done));
  std::string warning;
  {
    const std::lock_guard lock(mutex_);
    bool same_unit = redactor_.empty() && unit_ == unit;
    if (!same_unit) {
      std::string cleaned = clean(unit);
      same_unit = cleaned == unit_;
      unit_ = std::move(cleaned);
    }
    // Another unit or total is another part of the work.
    if (same_unit && total == total_ && done < done_) {
      if (!std::exchange(went_back_, true)) {
        warning = "progress went back from " + std::to_string(done_) + " to " +
                  std::to_string(done) + ", which is ignored";
      }
    } else {
      done_ = done;
      total_ = total;
    }
  }
  if (!warning.empty()) warn(warning);
}

void AttemptContext::metric(std::string_view name, std::int64_t step, double value) {
  write_metric(name, step, value, false);
}

void AttemptContext::runtime_metric(std::string_view name, std::int64_t step, double value) {
  write_metric(name, step, value, true);
}

void AttemptContext::write_metric(std::string_view name, std::int64_t step, double value,
                                  bool runtime) {
  bool alarmed = false;
  {
    const std::lock_guard lock(mutex_);
    auto alarm = metrics_.add(name, step, value, runtime);
    // What was asked to stop already ends for that reason.
    if (alarm && !alarm_ && !stop_) {
      alarm_ = std::move(alarm);
      alarmed = true;
      stop_ = true;
    }
    if (metrics_.full()) {
      if (const auto flushed = metrics_.flush(); !flushed.ok() && !write_error_)
        write_error_ = flushed.error();
    }
  }
  if (alarmed) stop_waiting();
}

void AttemptContext::log(LogLevel level, std::string_view message, const json::object& fields) {
  keep_first_error(write_log(level, message, fields));
}

Result<void> AttemptContext::write_log(LogLevel level, std::string_view message,
                                       const json::object& fields) {
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  BoundedLog* log = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!log_) {
      CAIRN_TRY(make_folder());
      CAIRN_ASSIGN(log_, BoundedLog::open(files_, folder().log(), settings_.log_limit,
                                          [this](std::uint64_t left_out) {
                                            return log_line(
                                                clock_, LogLevel::kWarning,
                                                format_bytes(left_out) + " of log left out here");
                                          }));
    }
    log = log_.get();
  }
  if (redactor_.empty()) return log->append(log_line(clock_, level, message, fields));
  json::value clean = fields;
  redact(clean, redactor_);
  return log->append(log_line(clock_, level, redactor_.redacted(message), clean.as_object()));
}

void AttemptContext::keep_first_error(const Result<void>& written) const {
  if (written.ok()) return;
  const std::lock_guard lock(mutex_);
  if (!write_error_) write_error_ = written.error();
}

const fs::path& AttemptContext::temp_dir() const {
  if (!temp_) {
    const bool of_host = !settings_.temp.empty();
    temp_ = of_host ? settings_.temp : folder().tmp();
    const auto made = of_host ? Result<fs::path>(*temp_) : make_folder();
    keep_first_error(made.ok() ? make_empty(files_, *temp_) : made.error());
  }
  return *temp_;
}

const fs::path& AttemptContext::work_dir() const {
  if (!work_) {
    const PersistenceBoundary boundary(Boundary::kAttemptPrepare);
    work_ = settings_.task.work();
    keep_first_error(files_.make_directories(*work_));
  }
  return *work_;
}

Result<void> AttemptContext::save_checkpoint(
    std::int64_t step, const std::function<Result<void>(const fs::path&)>& write) {
  {
    // First: a death behind the checkpoint must not take metrics of steps that are not taken again.
    const std::lock_guard lock(mutex_);
    CAIRN_TRY(metrics_.flush());
    // What was saved before the alarm is what it is rolled back to: nothing takes its place.
    if (alarm_) return stage_cancelled();
    // So is what a pause goes on from; a stage that is a program of its own may run ahead.
    if (pause_saved_) return stage_cancelled();
  }
  CAIRN_ASSIGN(const auto saved, checkpoints().save(step, write));
  log(LogLevel::kInfo, "checkpoint at step " + std::to_string(step) + " saved");
  if (on_checkpoint_) CAIRN_TRY(on_checkpoint_(saved));
  pause_saved_ = pause_at_ >= 0 && step >= pause_at_;
  reach(step);
  return {};
}

Result<std::optional<StageCheckpoint>> AttemptContext::latest_checkpoint() {
  CAIRN_ASSIGN(const auto newest, checkpoints().newest());
  for (const Error& damaged : newest.damaged)
    warn(damaged.message + "; it is skipped and kept aside");
  if (newest.checkpoint)
    info("continuing from the checkpoint at step " + std::to_string(newest.checkpoint->step));
  return newest.checkpoint;
}

Result<json::value> AttemptContext::memo(std::string_view key,
                                         const std::function<Result<json::value>()>& fn) {
  if (!memo_) {
    const PersistenceBoundary boundary(Boundary::kAttemptLog);
    CAIRN_TRY(files_.make_directories(settings_.task.root));
    CAIRN_ASSIGN(memo_, MemoFile::open(files_, settings_.task.memo()));
  }
  if (const json::value* known = memo_->find(key)) return *known;
  CAIRN_ASSIGN(const json::value answer, fn());
  return memo_->add(key, answer);
}

void AttemptContext::output(std::string_view bytes) {
  if (redactor_.empty()) return keep_first_error(write_output(bytes));
  if (!output_) output_.emplace(redactor_);
  keep_first_error(write_output(output_->add(bytes)));
}

Result<void> AttemptContext::write_output(std::string_view text) {
  if (text.empty()) return {};
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  if (!output_file_) {
    CAIRN_TRY(make_folder());
    CAIRN_ASSIGN(output_file_, files_.open_append(folder().output_log()));
  }
  return output_file_->append(text);
}

std::string AttemptContext::clean(std::string_view text) const {
  std::string kept = redacted(text);
  return is_valid_utf8(kept) ? kept : printable(kept);
}

std::string AttemptContext::redacted(std::string_view text) const {
  return redactor_.empty() ? std::string(text) : redactor_.redacted(text);
}

}  // namespace cairn
