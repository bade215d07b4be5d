#include "core/host/self_test.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <mutex>
#include <set>

#include "core/base/folder_entries.h"
#include "core/base/text.h"
#include "core/host/confine.h"
#include "core/host/process_guard.h"
#include "core/plugin/library.h"
#include "core/sdk/runtime/attempt_context.h"
#include "core/sdk/runtime/execute.h"

// Of AddressSanitizer's run time, where the process has one.
extern "C" __attribute__((weak)) int __lsan_do_recoverable_leak_check();

namespace cairn::host {
namespace {

// A context that watches how the stage uses it.
class WatchedContext final : public StageContext {
 public:
  WatchedContext(AttemptContext& inner, const StageDecl& decl, std::int64_t stop_after)
      : inner_(inner), decl_(decl), stop_after_(stop_after) {
    if (stop_after_ == 0) stop();
  }

  [[nodiscard]] std::int64_t calls() const { return calls_; }
  [[nodiscard]] std::vector<std::string> complaints() const {
    return {complaints_.begin(), complaints_.end()};
  }
  // Since the request to stop; -1 where there was none.
  [[nodiscard]] std::int64_t since_stop() const {
    return stopped_ ? (inner_.clock().monotonic() - *stopped_).count() : -1;
  }

  [[nodiscard]] std::uint64_t seed() const override { return inner_.seed(); }
  [[nodiscard]] bool cancelled() const override { return inner_.cancelled(); }
  [[nodiscard]] std::stop_token stop_token() const override { return inner_.stop_token(); }
  [[nodiscard]] const StageResources& resources() const override { return inner_.resources(); }
  [[nodiscard]] int attempt() const override { return inner_.attempt(); }
  [[nodiscard]] const Clock& clock() const override { return inner_.clock(); }

  void progress(std::uint64_t done, std::uint64_t total, std::string_view unit) override {
    {
      const std::lock_guard lock(mutex_);
      if (done < done_)
        complain("its progress goes back, from " + std::to_string(done_) + " to " +
                 std::to_string(done));
      if (total > 0 && done > total)
        complain("its progress goes beyond its end: " + std::to_string(done) + " of " +
                 std::to_string(total));
      done_ = std::max(done_, done);
      count();
    }
    inner_.progress(done, total, unit);
  }
  void metric(std::string_view name, std::int64_t step, double value) override {
    watch_metric(name, value, false);
    inner_.metric(name, step, value);
  }
  void runtime_metric(std::string_view name, std::int64_t step, double value) override {
    watch_metric(name, value, true);
    inner_.runtime_metric(name, step, value);
  }
  using StageContext::log;
  void log(LogLevel level, std::string_view message, const json::object& fields) override {
    {
      const std::lock_guard lock(mutex_);
      if (!is_valid_utf8(message)) complain("a log message is not valid UTF-8");
      count();
    }
    inner_.log(level, message, fields);
  }
  [[nodiscard]] const fs::path& temp_dir() const override { return inner_.temp_dir(); }
  [[nodiscard]] const fs::path& work_dir() const override { return inner_.work_dir(); }
  void keep_checkpoints(int newest) override { inner_.keep_checkpoints(newest); }
  [[nodiscard]] Result<void> save_checkpoint(
      std::int64_t step, const std::function<Result<void>(const fs::path&)>& write) override {
    if (!decl_.checkpoints) {
      const std::lock_guard lock(mutex_);
      complain("it saves checkpoints and declares none: add a Checkpoints member");
    }
    return inner_.save_checkpoint(step, write);
  }
  [[nodiscard]] Result<std::optional<StageCheckpoint>> latest_checkpoint() override {
    return inner_.latest_checkpoint();
  }
  [[nodiscard]] Result<json::value> memo(std::string_view key,
                                         const std::function<Result<json::value>()>& fn) override {
    return inner_.memo(key, fn);
  }
  void output(std::string_view bytes) override { inner_.output(bytes); }
  [[nodiscard]] std::string redacted(std::string_view text) const override {
    return inner_.redacted(text);
  }

 private:
  void watch_metric(std::string_view name, double value, bool runtime) {
    const std::lock_guard lock(mutex_);
    const std::string what = "metric '" + printable(name) + "'";
    const MetricDecl* declared = decl_.find_metric(name);
    if (declared == nullptr) complain(what + " is not declared: add a Metric member");
    if (declared != nullptr && declared->runtime != runtime)
      complain(what + (runtime ? " is recorded as one of the machine and declared otherwise"
                               : " is declared as one of the machine and recorded otherwise"));
    if (!std::isfinite(value)) complain(what + " is not finite");
    count();
  }

  // Under mutex_.
  void complain(std::string complaint) { complaints_.insert(std::move(complaint)); }
  void count() {
    if (++calls_ == stop_after_) stop();
  }
  void stop() {
    stopped_ = inner_.clock().monotonic();
    inner_.request_stop();
  }

  AttemptContext& inner_;
  const StageDecl& decl_;
  const std::int64_t stop_after_;
  std::mutex mutex_;  // guards what follows
  std::set<std::string> complaints_;
  std::uint64_t done_ = 0;
  std::int64_t calls_ = 0;
  std::optional<Duration> stopped_;
};

std::int64_t entries_below(const char* folder) {
  std::error_code error;
  return std::distance(fs::directory_iterator(folder, error), fs::directory_iterator());
}

Result<StageRun> prepare(const SelfTestOrder& order, const StageType& type) {
  StageRun run;
  for (const PortDecl& output : type.declaration().outputs) run.outputs.push_back(output.name);
  if (type.self_test() && order.params.is_null() && order.given_inputs.empty()) {
    SelfTest test(order.inputs);
    CAIRN_TRY(real_file_system().make_directories(order.inputs));
    CAIRN_TRY(type.self_test()(test));
    run.params = test.params();
    run.inputs = test.inputs();
    run.outputs.insert(run.outputs.end(), test.outputs().begin(), test.outputs().end());
    return run;
  }
  if (const auto* params = order.params.if_object()) run.params = *params;
  for (const auto& [name, paths] : order.given_inputs)
    run.inputs[name].assign(paths.begin(), paths.end());
  return run;
}

}  // namespace

Result<void> run_self_test(const fs::path& order_file) {
  CAIRN_ASSIGN(const std::string text, real_file_system().read(order_file));
  CAIRN_ASSIGN(const json::object object, parse_json_object(text));
  CAIRN_ASSIGN(const SelfTestOrder order, record_from_json<SelfTestOrder>(object));
  CAIRN_ASSIGN(const PluginLibrary library, PluginLibrary::load(order.library));
  const StageType* type = library.find(order.stage_type);
  if (type == nullptr) return not_found("there is no stage type '" + order.stage_type + "'");
  CAIRN_ASSIGN(StageRun run, prepare(order, *type));

  SelfTestReport report;
  if (order.confined) {
    CAIRN_ASSIGN(report.confined,
                 confine_writes({order.task, order.inputs, order.report.parent_path()}));
  }
  const auto on_checkpoint = [&](const CheckpointFolder::Saved&) -> Result<void> {
    if (++report.checkpoints == order.die_at_checkpoint) std::raise(SIGKILL);
    return {};
  };
  AttemptContext::Settings settings;
  settings.task = {order.task};
  settings.attempt = static_cast<int>(order.attempt);
  settings.seed = static_cast<std::uint64_t>(order.seed);
  const StageDecl decl = type->declaration();
  const std::int64_t descriptors = entries_below("/proc/self/fd");
  const std::int64_t threads = entries_below("/proc/self/task");
  std::optional<AttemptContext> attempt;
  attempt.emplace(real_file_system(), system_clock(), settings, on_checkpoint);
  CAIRN_TRY(attempt->make_out());
  run.out_dir = attempt->folder().out();
  WatchedContext watched(*attempt, decl, order.stop_after);
  stage_runs(true);
  const auto failure = run_stage(*type, run, watched);
  stage_runs(false);
  report.answered_ms = watched.since_stop();
  report.calls = watched.calls();
  report.complaints = watched.complaints();
  if (failure) {
    report.failure_cause = failure->cause;
    report.failure = printable(failure->message);
  }
  CAIRN_TRY(attempt->close());
  attempt.reset();
  if (!failure) {
    for (const std::string& name : run.outputs) {
      CAIRN_ASSIGN(const ContentId id, identify_content(run.out_dir / name));
      report.outputs[name] = id.digest;
    }
  }
  report.descriptors_left = std::max<std::int64_t>(0, entries_below("/proc/self/fd") - descriptors);
  report.threads_left = std::max<std::int64_t>(0, entries_below("/proc/self/task") - threads);
  if (__lsan_do_recoverable_leak_check != nullptr) {
    report.sanitized = true;
    report.leaks = __lsan_do_recoverable_leak_check() != 0;
  }
  return real_file_system().write_atomic(order.report, pretty_json(record_to_json(report)));
}

}  // namespace cairn::host
