// LocalExecutor: hosts as processes of this machine, in sessions of their own, so that they
// outlive an engine that was killed.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>

#include "core/base/clock.h"
#include "core/engine/executor.h"
#include "core/executors/host_process.h"

namespace cairn {

struct LocalExecutorOptions {
  fs::path host_program;  // cairn-host
  fs::path socket;        // where hosts find the engine
  fs::path store_folder;  // absolute
  // How long a host goes on without an engine.
  Duration orphan_timeout{600'000};
  std::vector<std::string> environment;  // the engine's; see host_environment
  // Variables that hosts find beside the usual ones: names, or beginnings that end in '*'.
  std::vector<std::string> variables;
};

// Not thread-safe: the executor given is the scheduler's strand, or that of an io_context run by
// the one thread that runs the scheduler. Exits are reported on it. Destroying the executor ends
// no host.
class LocalExecutor final : public Executor {
 public:
  static constexpr const char* kName = "local";

  LocalExecutor(boost::asio::any_io_executor executor, LocalExecutorOptions options)
      : executor_(std::move(executor)), options_(std::move(options)) {}

  Result<HostHandle> start(const HostRequest& request) override;
  void kill(const HostHandle& host) override;
  bool adopt(const HostHandle& host) override;
  void on_exit(OnExit callback) override { on_exit_ = std::move(callback); }

 private:
  Result<void> watch(const std::string& host, const ProcessIdentity& process);
  void ended(const std::string& host, const ProcessExit& exit);

  boost::asio::any_io_executor executor_;
  LocalExecutorOptions options_;
  OnExit on_exit_;
  std::map<std::string, std::unique_ptr<ExitWatch>> watches_;
  boost::asio::thread_pool sweeper_{1};
};

}  // namespace cairn
