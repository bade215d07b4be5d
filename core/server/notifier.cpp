#include "core/server/notifier.h"

#include "core/base/log.h"
#include "core/base/subprocess.h"
#include "core/base/text.h"

namespace cairn {
namespace {

constexpr Duration kGrace{2'000};           // between SIGTERM and SIGKILL
constexpr std::size_t kOutputKept = 2'000;  // bytes, for the log

}  // namespace

bool wants_to_hear(const NotifySpec& notify, const std::string& what) {
  if (notify.run.empty()) return false;
  if (what == "waiting") return notify.waiting;
  return notify.finished || (notify.failed && what == "failed");
}

Notifier::~Notifier() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Notifier::notify(const RunState& state, const std::string& what) {
  if (!wants_to_hear(state.spec->notify, what)) return;
  const std::lock_guard lock(mutex_);
  jobs_.push_back({state.spec->notify.run, state.id, state.spec->name, what});
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  changed_.notify_all();
}

void Notifier::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    run(job);
    lock.lock();
  }
}

void Notifier::run(const Job& job) const {
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", job.command};
  spec.environment = environment_;
  for (const auto& [name, value] : {std::pair("CAIRN_RUN", &job.run),
                                    {"CAIRN_RUN_ID", &job.run},
                                    {"CAIRN_STATUS", &job.status},
                                    {"CAIRN_NAME", &job.name}}) {
    spec.environment.push_back(std::string(name) + "=" + *value);
  }
  std::string printed;
  ProcessHooks hooks;
  hooks.timeout = timeout_;
  hooks.grace = kGrace;
  hooks.output = [&](bool, std::string_view bytes) {
    if (printed.size() < kOutputKept) printed += bytes.substr(0, kOutputKept - printed.size());
  };
  const auto end = run_process(spec, hooks);
  if (!end.ok()) {
    spdlog::warn("notify of run {} cannot start: {}", job.run, end.error().to_string());
    return;
  }
  if (end->success()) return;
  const std::string how =
      end->timed_out     ? "took longer than " + format_duration_ms(timeout_.count())
      : end->signal != 0 ? "was killed by " + signal_name(end->signal)
                         : "ended with exit code " + std::to_string(end->exit_code);
  spdlog::warn("notify of run {} {}: {}", job.run, how, printable(trim(printed)));
}

}  // namespace cairn
