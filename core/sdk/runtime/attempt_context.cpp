#include "core/sdk/runtime/attempt_context.h"

#include <cmath>

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

json::value number_value(double value) {
  if (std::isfinite(value)) return value;
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

std::string log_line(const Clock& clock, LogLevel level, std::string_view message) {
  const std::string text = is_valid_utf8(message) ? std::string(message) : printable(message);
  return json::serialize(json::object{
      {"time", format_rfc3339(clock.now())}, {"level", level_name(level)}, {"message", text}});
}

}  // namespace

AttemptContext::AttemptContext(FileSystem& files, const Clock& clock, Settings settings,
                               OnCheckpoint on_checkpoint)
    : files_(files),
      clock_(clock),
      settings_(std::move(settings)),
      on_checkpoint_(std::move(on_checkpoint)),
      folder_(settings_.task.attempt(settings_.attempt)),
      temp_(folder_.tmp()),
      work_(settings_.task.work()),
      checkpoints_(files, settings_.task.checkpoints()) {}

Result<std::unique_ptr<AttemptContext>> AttemptContext::open(FileSystem& files, const Clock& clock,
                                                             Settings settings,
                                                             OnCheckpoint on_checkpoint) {
  std::unique_ptr<AttemptContext> context(
      new AttemptContext(files, clock, std::move(settings), std::move(on_checkpoint)));
  const AttemptFolder& folder = context->folder_;
  for (const fs::path& path : {folder.out(), folder.tmp()}) {
    CAIRN_TRY(files.remove_all(path));
    CAIRN_TRY(files.make_directories(path));
  }
  CAIRN_TRY(files.make_directories(context->work_));
  CAIRN_ASSIGN(context->log_,
               BoundedLog::open(files, folder.log(), context->settings_.log_limit,
                                [&clock](std::uint64_t left_out) {
                                  return log_line(clock, LogLevel::kWarning,
                                                  format_bytes(left_out) + " of log left out here");
                                }));
  CAIRN_ASSIGN(context->metrics_, files.open_append(folder.metrics()));
  return context;
}

AttemptContext::Status AttemptContext::status() const {
  const std::lock_guard lock(mutex_);
  Status status = status_;
  status.log_bytes = log_->size();
  status.metric_bytes = metrics_->size();
  return status;
}

Result<void> AttemptContext::close() {
  CAIRN_TRY(files_.remove_all(temp_));
  const std::lock_guard lock(mutex_);
  if (write_error_) return *write_error_;
  return {};
}

void AttemptContext::progress(std::uint64_t done, std::uint64_t total, std::string_view unit) {
  const std::lock_guard lock(mutex_);
  status_.done = done;
  status_.total = total;
  status_.unit = unit;
}

void AttemptContext::metric(std::string_view name, std::int64_t step, double value) {
  write_metric(name, step, value, false);
}

void AttemptContext::runtime_metric(std::string_view name, std::int64_t step, double value) {
  write_metric(name, step, value, true);
}

void AttemptContext::write_metric(std::string_view name, std::int64_t step, double value,
                                  bool runtime) {
  json::object line{{"name", name}, {"step", step}, {"value", number_value(value)}};
  if (runtime) line["runtime"] = true;
  const std::string bytes = json::serialize(line) + '\n';
  const std::lock_guard lock(mutex_);
  status_.last_metrics[std::string(name)] = value;
  const auto written = metrics_->append(bytes);
  if (!written.ok() && !write_error_) write_error_ = written.error();
}

void AttemptContext::log(LogLevel level, std::string_view message) {
  keep_first_error(log_->append(log_line(clock_, level, message)));
}

void AttemptContext::keep_first_error(const Result<void>& written) {
  if (written.ok()) return;
  const std::lock_guard lock(mutex_);
  if (!write_error_) write_error_ = written.error();
}

Result<void> AttemptContext::save_checkpoint(
    std::int64_t step, const std::function<Result<void>(const fs::path&)>& write) {
  CAIRN_ASSIGN(const auto saved, checkpoints_.save(step, write));
  log(LogLevel::kInfo, "checkpoint at step " + std::to_string(step) + " saved");
  if (on_checkpoint_) return on_checkpoint_(saved);
  return {};
}

Result<std::optional<StageCheckpoint>> AttemptContext::latest_checkpoint() {
  CAIRN_ASSIGN(const auto newest, checkpoints_.newest());
  for (const Error& damaged : newest.damaged)
    warn(damaged.message + "; it is skipped and kept aside");
  if (newest.checkpoint)
    info("continuing from the checkpoint at step " + std::to_string(newest.checkpoint->step));
  return newest.checkpoint;
}

Result<json::value> AttemptContext::memo(std::string_view key,
                                         const std::function<Result<json::value>()>& fn) {
  if (!memo_) {
    CAIRN_ASSIGN(memo_, MemoFile::open(files_, settings_.task.memo()));
  }
  if (const json::value* known = memo_->find(key)) return *known;
  CAIRN_ASSIGN(const json::value answer, fn());
  return memo_->add(key, answer);
}

}  // namespace cairn
