// Host processes as the kernel knows them: started, named so that a later engine finds the same
// one again, watched, and ended.
//
// A host leads a session of its own: ctrl-C in the engine's terminal does not reach it, and a
// signal to its group reaches everything it started.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

// A pid alone is reused by the kernel; pid and start time (clock ticks since boot, field 22 of
// /proc/PID/stat) are not.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

struct HostProcessSpec {
  fs::path program;
  std::vector<std::string> arguments;    // without the program's name
  std::vector<std::string> environment;  // "NAME=VALUE", the whole of it
  fs::path output;                       // standard output and error are appended here
};

// Starts the program with empty standard input, no inherited descriptors, default signal handling
// and the root of a session of its own.
[[nodiscard]] Result<ProcessIdentity> start_host_process(const HostProcessSpec& spec);

// The identity of a living process; not_found where there is none, or only its zombie.
[[nodiscard]] Result<ProcessIdentity> identify_process(pid_t pid);
[[nodiscard]] bool is_alive(const ProcessIdentity& process);

// Sends a signal to the process group the host leads; nothing happens when the host has ended.
void signal_group(const ProcessIdentity& process, int signal);
// SIGKILL to every process of the session the host leads, or led before it ended, and to those that
// left the session but still have the mark in their environment: "NAME=VALUE", empty for none.
void kill_session(const ProcessIdentity& process, const std::string& mark = {});

// The environment of a host: of the engine's what least_environment keeps, with the number of
// threads every numerical library shall use and the devices it may see (none: the variable is set
// and empty).
[[nodiscard]] std::vector<std::string> host_environment(const std::vector<std::string>& base,
                                                        int threads,
                                                        const std::vector<std::string>& gpus,
                                                        const std::vector<std::string>& more = {});

struct ProcessExit {
  bool known = false;  // false for a process that is no child of ours: only its end is seen
  int exit_code = 0;
  int signal = 0;  // 0 when it exited
};
// "exited with code 3", "was killed by SIGSEGV", "ended".
[[nodiscard]] std::string describe(const ProcessExit& exit);

// Calls back once, on the executor, when the process ends; destroying the watch before that
// cancels the call. A process that has already ended is reported the same way. What is left of its
// session, and of its mark, is looked for and killed on the sweeper, before its pid is given back.
// Not thread-safe.
class ExitWatch {
 public:
  using Callback = std::function<void(ProcessExit)>;
  [[nodiscard]] static Result<std::unique_ptr<ExitWatch>> create(
      const boost::asio::any_io_executor& executor, const boost::asio::any_io_executor& sweeper,
      const ProcessIdentity& process, const std::string& mark, Callback callback);
  ~ExitWatch();
  ExitWatch(const ExitWatch&) = delete;
  ExitWatch& operator=(const ExitWatch&) = delete;

 private:
  struct State;
  explicit ExitWatch(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace cairn
