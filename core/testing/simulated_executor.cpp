#include "core/testing/simulated_executor.h"

#include "core/base/json.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn::testing {

fs::path SimulatedExecutor::folder_of(const v1::Assignment& work) {
  return TaskFolder{work.task_folder()}.attempt(static_cast<int>(work.attempt().attempt())).root;
}

std::vector<std::string> SimulatedExecutor::living() const {
  std::vector<std::string> names;
  for (const auto& [name, host] : hosts_) names.push_back(name);
  return names;
}

Result<HostHandle> SimulatedExecutor::start(const HostRequest& request) {
  if (refuse_starts) return make_error(ErrorCode::kIo, "no more processes");
  Host& host = hosts_[request.host];
  host.handle = {.host = request.host,
                 .executor = "simulated",
                 .pid = ++last_pid_,
                 .pid_start_ticks = 7,
                 .job = {}};
  return host.handle;
}

void SimulatedExecutor::kill(const HostHandle& host) {
  if (hosts_.contains(host.host)) end(host.host, {.host = host.host, .signal = 9});
}

bool SimulatedExecutor::adopt(const HostHandle& handle) {
  const auto found = hosts_.find(handle.host);
  return found != hosts_.end() && found->second.handle.pid == handle.pid;
}

void SimulatedExecutor::end(const std::string& name, HostExit exit) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end()) return;
  if (found->second.work) ++crashes_while_working;
  hosts_.erase(found);
  if (exit_) exit_(std::move(exit));
}

void SimulatedExecutor::crash(const std::string& host, bool oom) {
  end(host, {.host = host, .oom = oom, .signal = 9});
}

void SimulatedExecutor::disconnect() {
  exit_ = nullptr;
  report_ = nullptr;
}

void SimulatedExecutor::attach_all() {
  if (!report_) return;
  for (const std::string& name : living()) {
    Host& host = hosts_.at(name);
    v1::HostReport hello;
    hello.mutable_hello()->set_host(name);
    hello.mutable_hello()->set_pid(host.handle.pid);
    if (host.work) *hello.mutable_attempt() = host.work->attempt();
    report_(name, hello);
    if (!host.work) continue;
    for (const v1::HostReport& report : spools_[folder_of(*host.work).string()]) {
      if (report.sequence() > host.acknowledged) report_(name, report);
    }
  }
}

void SimulatedExecutor::send(const std::string& name, const v1::EngineCommand& command) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end()) return;
  Host& host = found->second;
  if (command.has_assignment()) {
    const v1::Assignment& work = command.assignment();
    if (host.work && host.work->attempt().token() == work.attempt().token()) return;
    if (host.work) violations.push_back("host " + name + " was given work while it had some");
    for (const auto& [other, busy] : hosts_) {
      if (busy.work && busy.work->task_folder() == work.task_folder() && other != name) {
        violations.push_back("two hosts work on " + work.task_folder());
      }
    }
    host.work = work;
    host.step = checkpoints_[work.task_folder()];
    host.started = host.cancelled = false;
    host.acknowledged = 0;
  } else if (command.has_cancel()) {
    const bool mine =
        host.work && host.work->attempt().token() == command.cancel().attempt().token();
    if (mine && !ignore_cancel) host.cancelled = true;
  } else if (command.has_ack()) {
    if (host.work && host.work->attempt().token() == command.ack().attempt().token()) {
      host.acknowledged = std::max(host.acknowledged, command.ack().sequence());
    }
  } else if (command.has_release()) {
    end(name, {.host = name});
  }
}

void SimulatedExecutor::forget(const std::string& host) {
  if (hosts_.contains(host)) violations.push_back("a living host was forgotten");
}

Result<std::vector<v1::HostReport>> SimulatedExecutor::read(const fs::path& attempt_folder,
                                                            std::uint64_t after) {
  std::vector<v1::HostReport> reports;
  for (const v1::HostReport& report : spools_[attempt_folder.string()]) {
    if (report.sequence() > after) reports.push_back(report);
  }
  return reports;
}

void SimulatedExecutor::spool(Host& host, v1::HostReport report) {
  auto& reports = spools_[folder_of(*host.work).string()];
  *report.mutable_attempt() = host.work->attempt();
  report.set_sequence(reports.size() + 1);
  reports.push_back(report);
  if (report_) report_(host.handle.host, std::move(report));
}

bool SimulatedExecutor::act(const std::string& name) {
  const auto found = hosts_.find(name);
  if (found == hosts_.end() || !found->second.work) return false;
  Host& host = found->second;
  const v1::Assignment work = *host.work;
  v1::HostReport report;
  if (!host.started) {
    host.started = true;
    report.mutable_started()->set_fingerprint_json("{}");
    spool(host, std::move(report));
    return true;
  }
  const json::object params = parse_json_object(work.params_json()).value();
  const std::int64_t steps = get_int(params, "steps").value_or(0);
  if (host.cancelled) {
    checkpoints_[work.task_folder()] = host.step;
    finish(host, "cancelled");
  } else if (host.step < steps) {
    ++host.step;
    ++steps_worked[work.attempt().task()];
    if (host.step % checkpoint_every == 0) {
      checkpoints_[work.task_folder()] = host.step;
      report.mutable_checkpoint()->set_step(host.step);
      spool(host, std::move(report));
    }
  } else {
    finish(host, get_string(params, "fail").value_or(""));
  }
  return true;
}

void SimulatedExecutor::finish(Host& host, const std::string& cause) {
  const v1::Assignment& work = *host.work;
  v1::HostReport report;
  v1::Finished* finished = report.mutable_finished();
  finished->set_failure_cause(cause);
  if (!cause.empty()) finished->set_failure_message("the stage ended with " + cause);
  (*finished->mutable_last_metrics())["steps"] = static_cast<double>(host.step);
  for (const v1::OutputPort& port : work.outputs()) {
    if (!cause.empty()) break;
    std::string bytes = port.name() + " " + work.stage_type() + " " + work.params_json() + " " +
                        std::to_string(work.seed()) + "\n";
    std::map<std::string, v1::InputPaths> inputs(work.inputs().begin(), work.inputs().end());
    for (const auto& [name, paths] : inputs) {
      for (const std::string& path : paths.paths()) {
        const auto read = real_file_system().read(path);
        bytes += name + "=" + (read.ok() ? digest_of(*read) : "missing") + "\n";
      }
    }
    const fs::path file = artifacts_.store_folder() / ("tmp-" + host.handle.host + port.name());
    auto written = real_file_system().open_append(file);
    ContentId id;
    if (written.ok() && (*written)->append(bytes).ok()) {
      if (auto published = artifacts_.publish(file); published.ok()) id = *published;
    }
    v1::Artifact* output = finished->add_outputs();
    output->set_name(port.name());
    output->set_kind(port.kind());
    output->set_digest(id.digest);
    output->set_bytes(id.bytes);
  }
  spool(host, std::move(report));
  host.work.reset();
}

}  // namespace cairn::testing
