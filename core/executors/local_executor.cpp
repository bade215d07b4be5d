#include "core/executors/local_executor.h"

#include <signal.h>

#include "core/base/boundary.h"

namespace cairn {
namespace {

ProcessIdentity identity(const HostHandle& host) {
  return {static_cast<pid_t>(host.pid), host.pid_start_ticks};
}

// What a host and all it starts are known by, should they leave its session.
std::string mark_of(const fs::path& store, const std::string& host) {
  return "CAIRN_HOST=" + (store / host).string();
}

}  // namespace

Result<HostHandle> LocalExecutor::start(const HostRequest& request) {
  const PersistenceBoundary boundary(Boundary::kAttemptPrepare);
  CAIRN_TRY(real_file_system().make_directories(request.host_folder));
  HostProcessSpec spec;
  spec.program = options_.host_program;
  spec.arguments = {"--engine",         options_.socket.string(),
                    "--host",           request.host,
                    "--store",          options_.store_folder.string(),
                    "--orphan-timeout", std::to_string(options_.orphan_timeout.count()) + "ms"};
  if (request.privileges) spec.arguments.emplace_back("--privileges");
  const auto& gpus = request.limits.gpus();
  std::vector<std::string> variables = options_.variables;
  variables.insert(variables.end(), request.secret_variables.begin(),
                   request.secret_variables.end());
  spec.environment = host_environment(options_.environment, static_cast<int>(request.limits.cpus()),
                                      {gpus.begin(), gpus.end()}, variables);
  spec.environment.push_back(mark_of(options_.store_folder, request.host));
  spec.output = request.host_folder / "output.log";
  CAIRN_ASSIGN(const ProcessIdentity process, start_host_process(spec));
  if (auto watched = watch(request.host, process); !watched.ok()) {
    kill_session(process, mark_of(options_.store_folder, request.host));
    return std::move(watched).error();
  }
  HostHandle handle;
  handle.host = request.host;
  handle.executor = kName;
  handle.pid = process.pid;
  handle.pid_start_ticks = process.start_ticks;
  return handle;
}

void LocalExecutor::kill(const HostHandle& host) {
  kill_session(identity(host), mark_of(options_.store_folder, host.host));
}

bool LocalExecutor::adopt(const HostHandle& host) {
  const ProcessIdentity process = identity(host);
  if (host.executor != kName || !is_alive(process)) {
    // Dead, but something it started may still write.
    if (host.executor == kName) kill(host);
    return false;
  }
  return watch(host.host, process).ok();
}

Result<void> LocalExecutor::watch(const std::string& host, const ProcessIdentity& process) {
  CAIRN_ASSIGN(watches_[host],
               ExitWatch::create(executor_, sweeper_.get_executor(), process,
                                 mark_of(options_.store_folder, host),
                                 [this, host](const ProcessExit& exit) { ended(host, exit); }));
  return {};
}

void LocalExecutor::ended(const std::string& host, const ProcessExit& exit) {
  watches_.erase(host);
  HostExit report;
  report.host = host;
  report.known = exit.known;
  report.exit_code = exit.exit_code;
  report.signal = exit.signal;
  if (on_exit_) on_exit_(report);
}

}  // namespace cairn
