// Executor: where host processes come from and how they end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "schemas/host.pb.h"

namespace cairn {

// What is needed to find a host again after the engine died.
struct HostHandle {
  std::string host;      // the identity the engine gave; unique
  std::string executor;  // "local"
  std::int64_t pid = 0;
  std::uint64_t pid_start_ticks = 0;
  std::string job;  // of an executor that has jobs instead of processes
};

struct HostRequest {
  std::string host;
  v1::ResourceLimits limits;
  std::vector<std::string> secret_variables;  // environment variables that its secrets name
  bool privileges = false;                    // what it starts may gain privileges
  fs::path host_folder;                       // its spool and what it prints: STORE/hosts/HOST
};

struct HostExit {
  std::string host;
  bool known = true;  // false: no child of ours, only its end was seen
  bool oom = false;   // its cgroup says so
  int exit_code = 0;
  int signal = 0;  // 0: it exited by itself
};

// start, kill and adopt are called on the scheduler's strand.
class Executor {
 public:
  virtual ~Executor() = default;

  // Returns once the process exists. The process outlives the engine.
  [[nodiscard]] virtual Result<HostHandle> start(const HostRequest& request) = 0;
  // Ends it by force, its children included. Its exit is reported as any other.
  virtual void kill(const HostHandle& host) = 0;
  // Takes up a host that another engine started. False when it lives no more; true when it does,
  // and its exit will be reported.
  [[nodiscard]] virtual bool adopt(const HostHandle& host) = 0;

  // Set once, before the first start. Called once per host, from any thread, after the process
  // is gone.
  using OnExit = std::function<void(HostExit)>;
  virtual void on_exit(OnExit callback) = 0;
};

}  // namespace cairn
