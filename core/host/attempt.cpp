#include "core/host/attempt.h"

#include <stdlib.h>
#include <sys/resource.h>

#include <algorithm>
#include <iostream>

#include "core/artifacts/content_store.h"
#include "core/base/boundary.h"
#include "core/base/text.h"
#include "core/host/debugger.h"
#include "core/host/exit_record.h"

namespace cairn::host {
namespace {

constexpr std::size_t kMessageBytes = 64 << 10;
constexpr Duration kSlowStart{2};

StageFailure failure_of(const Error& error) {
  return {"error", error.to_string()};
}

std::int64_t now_ms(const Clock& clock) {
  return clock.now().time_since_epoch().count();
}

void say(const Result<void>& done) {
  if (!done.ok()) std::cerr << "cairn-host: " << done.error().to_string() << '\n';
}

AttemptContext::Settings settings_of(const Workshop& shop, const Order& order) {
  const v1::Assignment& assignment = order.assignment;
  AttemptContext::Settings settings;
  settings.task.root = order.work->store() / assignment.task_folder();
  settings.attempt = static_cast<int>(assignment.attempt().attempt());
  settings.seed = assignment.seed();
  settings.resources = order.work->resources();
  settings.temp = shop.temp;
  settings.rules = order.work->rules();
  return settings;
}

// As long as a message may be: its beginning and its end. Valid UTF-8.
std::string bounded(std::string text) {
  if (text.size() > kMessageBytes) {
    const std::size_t half = kMessageBytes / 2;
    text.replace(half, text.size() - kMessageBytes, "\n…\n");
  }
  return is_valid_utf8(text) ? text : printable(text);
}

// From now on: memory with a secret in it is not written to a disk, nor that of programs that get
// it.
void leave_no_core() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

// For the stage and the programs that it starts. It is the one variable that a host changes: a
// thread that reads the environment meanwhile finds the old value or the new one.
void set_trace(const std::string& traceparent) {
  constexpr const char* kVariable = "TRACEPARENT";
  if (traceparent.empty())
    ::unsetenv(kVariable);
  else
    ::setenv(kVariable, traceparent.c_str(), 1);
}

}  // namespace

Attempt::Attempt(Workshop& shop, Order order)
    : shop_(shop),
      order_(std::move(order)),
      context_(shop.files, shop.clock, settings_of(shop, order_),
               [this](const CheckpointFolder::Saved& saved) -> Result<void> {
                 v1::HostReport report;
                 *report.mutable_attempt() = id();
                 report.mutable_checkpoint()->set_step(saved.step);
                 report.mutable_checkpoint()->set_digest(saved.digest);
                 shop_.report(std::move(report), false);
                 return {};
               }),
      began_(shop.clock.monotonic()) {}

void Attempt::stop(const std::string& cause) {
  const std::lock_guard lock(mutex_);
  if (stop_cause_.empty()) stop_cause_ = cause;
  context_.request_stop();
}

v1::HostReport Attempt::heartbeat() {
  auto status = context_.status();
  v1::HostReport report;
  *report.mutable_attempt() = id();
  auto* heartbeat = report.mutable_heartbeat();
  heartbeat->mutable_progress()->set_done(status.done);
  heartbeat->mutable_progress()->set_total(status.total);
  heartbeat->mutable_progress()->set_unit(status.unit);
  heartbeat->set_log_bytes(status.log_bytes);
  heartbeat->set_metric_bytes(status.metric_bytes);
  heartbeat->mutable_last_metrics()->insert(status.last_metrics.begin(), status.last_metrics.end());
  return report;
}

OutputCapture::Target Attempt::output_target() {
  return [this]() -> Result<fs::path> {
    CAIRN_TRY(context_.make_folder());
    return context_.folder().output_log();
  };
}

void Attempt::divert_output() {
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  say(shop_.capture.divert(output_target()));
}

void Attempt::shorten_output() {
  const fs::path path = context_.folder().output_log();
  std::error_code error;
  if (!context_.has_folder() || !fs::exists(path, error)) return;
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  const auto shortened = shorten_log(shop_.files, path, kLogLimit, [](std::uint64_t left_out) {
    return "\ncairn-host: " + format_bytes(left_out) + " of output left out here";
  });
  if (!shortened.ok()) say(shortened.error());
}

bool Attempt::folder_exists() const {
  std::error_code error;
  return !context_.has_folder() || fs::exists(context_.folder().root, error) || error;
}

void Attempt::run() {
  shop_.capture.begin();
  std::optional<StageFailure> failure;
  try {
    failure = execute();
  } catch (const std::exception& e) {
    failure = StageFailure{"error", std::string("the host threw: ") + e.what()};
  }
  say(shop_.capture.end(output_target()));
  const auto closed = context_.close();
  if (!failure && !closed.ok()) failure = failure_of(closed.error());
  v1::Finished finished;
  if (!failure && !context_.alarm()) {
    if (const auto published = publish(finished); !published.ok()) {
      const bool wrong = published.error().code == ErrorCode::kInvalidArgument;
      failure = StageFailure{wrong ? "invalid_output" : "error", published.error().to_string()};
    }
  }
  context_.remove_empty_folders();
  judge(failure, finished);
  finish(std::move(finished));
}

std::optional<StageFailure> Attempt::execute() {
  set_trace(order_.assignment.traceparent());
  shop_.limits.apply(order_.work->message().resources());
  const auto type = order_.work->load(shop_.shelf);
  if (!type.ok()) return failure_of(type.error());
  bool prelude = false;
  if (const auto opened = open_checkpoints(&prelude); !opened.ok())
    return failure_of(opened.error());
  if (!prelude) return run_once(**type, false);
  if (auto failure = run_prelude(**type)) return failure;
  return run_once(**type, false);
}

Result<void> Attempt::open_checkpoints(bool* prelude) {
  const v1::Assignment& assignment = order_.assignment;
  if (assignment.newest_checkpoint() >= 0)
    CAIRN_TRY(context_.checkpoints().remove_after(assignment.newest_checkpoint()));
  if (assignment.prelude_step() < 0) return {};
  CAIRN_ASSIGN(const bool reached, has_checkpoint_from(assignment.prelude_step()));
  *prelude = !reached;
  return {};
}

Result<bool> Attempt::has_checkpoint_from(std::int64_t step) const {
  CAIRN_ASSIGN(const auto steps, context_.checkpoints().steps());
  return !steps.empty() && steps.back() >= step;
}

Result<const StageBinding*> Attempt::bind(bool prelude) {
  const v1::Assignment& assignment = order_.assignment;
  const bool writes = !order_.work->outputs().empty();
  if (writes) CAIRN_TRY(context_.make_out());
  std::vector<std::string_view> layers{assignment.params_json()};
  if (prelude) layers.emplace_back(assignment.prelude_params_json());
  std::vector<std::string> secrets;
  auto binding = order_.work->bind(layers, writes ? context_.folder().out() : fs::path(), &secrets);
  if (!secrets.empty()) {
    leave_no_core();
    context_.hide(secrets);
  }
  return binding;
}

std::optional<StageFailure> Attempt::run_once(const StageType& type, bool prelude) {
  const auto binding = bind(prelude);
  if (!binding.ok()) return failure_of(binding.error());
  report_started();
  if (const auto waited = wait_for_debugger(order_.assignment.task_folder(), context_);
      !waited.ok())
    return failure_of(waited.error());
  return run_stage(type, **binding, prelude ? std::vector<std::string>() : order_.work->outputs(),
                   context_);
}

// Nothing when the stage has stopped at the step, with a checkpoint to go on from.
std::optional<StageFailure> Attempt::run_prelude(const StageType& type) {
  const std::int64_t step = order_.assignment.prelude_step();
  context_.pause_at(step);
  auto failure = run_once(type, true);
  {
    const std::lock_guard lock(mutex_);
    if (!stop_cause_.empty() || context_.alarm())
      return failure ? failure : StageFailure{"cancelled", stage_cancelled().message};
  }
  if (failure && failure->cause != "cancelled") return failure;
  const auto reached = has_checkpoint_from(step);
  if (!reached.ok()) return failure_of(reached.error());
  if (!*reached) {
    const std::string at = "step " + std::to_string(step);
    if (!failure && !context_.cancelled())
      return failure_of(invalid_argument("the stage ended and never reached " + at +
                                             ", from which it was to go on with other parameters",
                                         "name a step before its end"));
    return failure_of(invalid_argument("the stage reached " + at +
                                       " but saved no checkpoint there to go on from"));
  }
  context_.pause_at(std::nullopt);
  context_.info("step " + std::to_string(step) +
                " is reached: going on with the parameters of this run");
  return std::nullopt;
}

void Attempt::report_started() {
  if (started_ms_ != 0) return;
  started_ms_ = now_ms(shop_.clock);
  v1::HostReport report;
  *report.mutable_attempt() = id();
  auto* started = report.mutable_started();
  started->set_time_ms(started_ms_);
  started->set_fingerprint_json(
      shop_.fingerprints.news(id().run(), shop_.shelf.size(), context_.resources().cpus));
  // Where it took time to come this far, the end may be far, too.
  const bool slow = shop_.clock.monotonic() - began_ > kSlowStart;
  shop_.report(std::move(report), !slow);
}

Result<void> Attempt::publish(v1::Finished& finished) {
  if (order_.work->outputs().empty()) return {};
  ContentStore store(order_.work->store(), shop_.files);
  const fs::path out = context_.folder().out();
  {
    const PersistenceBoundary boundary(Boundary::kArtifactPublish);
    CAIRN_TRY(shop_.claims.begin());
  }
  const auto claim = [this](const Digest& digest) { return shop_.claims.add(digest); };
  for (const auto& output : order_.work->message().outputs()) {
    CAIRN_ASSIGN(const ContentId content, store.publish(out / output.name(), claim));
    auto* artifact = finished.add_outputs();
    artifact->set_name(output.name());
    artifact->set_kind(output.kind());
    artifact->set_digest(content.digest);
    artifact->set_bytes(content.bytes);
    artifact->set_directory(content.directory);
  }
  return {};
}

void Attempt::judge(const std::optional<StageFailure>& failure, v1::Finished& finished) {
  if (const auto alarm = context_.alarm()) {
    finished.clear_outputs();
    finished.set_failure_cause("error");
    finished.set_failure_message(alarm->message);
    finished.mutable_alarm()->set_rule(alarm->rule);
    finished.mutable_alarm()->set_step(alarm->step);
    finished.mutable_alarm()->set_metric(alarm->metric);
    finished.mutable_alarm()->set_value(alarm->value);
  } else if (failure) {
    const std::lock_guard lock(mutex_);
    // What was asked to stop and stopped is not the stage's fault, whatever it says.
    const bool stopped = failure->cause == "cancelled" && !stop_cause_.empty();
    finished.clear_outputs();
    finished.set_failure_cause(stopped ? stop_cause_ : failure->cause);
    finished.set_failure_message(bounded(context_.redacted(failure->message)));
  }
}

std::optional<v1::HostReport> Attempt::outgrown(std::uint64_t taken) {
  const std::uint64_t given = context_.resources().memory_bytes;
  if (given == 0 || taken <= given) return std::nullopt;
  v1::Finished finished;
  finished.set_failure_cause("oom");
  finished.set_failure_message("the stage took " + format_bytes(taken) +
                               " of memory, its resources.memory allows " + format_bytes(given));
  return last_report(std::move(finished));
}

void Attempt::finish(v1::Finished finished) {
  shop_.report(last_report(std::move(finished)), false);
}

v1::HostReport Attempt::last_report(v1::Finished finished) {
  auto status = context_.status();
  finished.mutable_last_metrics()->insert(status.last_metrics.begin(), status.last_metrics.end());
  if (status.done > 0 || status.total > 0) {
    finished.mutable_progress()->set_done(status.done);
    finished.mutable_progress()->set_total(status.total);
    finished.mutable_progress()->set_unit(std::move(status.unit));
  }
  finished.set_started_ms(started_ms_);
  finished.set_finished_ms(now_ms(shop_.clock));
  if (context_.has_folder())
    say(write_exit_record(context_.folder().exit_record(),
                          {finished.failure_cause(), finished.failure_message(), id().token()}));
  v1::HostReport report;
  *report.mutable_attempt() = id();
  *report.mutable_finished() = std::move(finished);
  return report;
}

v1::HostReport never_began(const v1::AttemptId& id, const Clock& clock, const std::string& cause,
                           const std::string& message) {
  v1::HostReport report;
  *report.mutable_attempt() = id;
  auto* finished = report.mutable_finished();
  finished->set_failure_cause(cause);
  finished->set_failure_message(message);
  finished->set_finished_ms(now_ms(clock));
  return report;
}

v1::HostReport returned(const v1::AttemptId& id) {
  v1::HostReport report;
  *report.mutable_attempt() = id;
  report.mutable_returned();
  return report;
}

}  // namespace cairn::host
