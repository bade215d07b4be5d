// Runs one program in a process group of its own, and never leaves it behind.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

// Where the program finds a channel to its caller: bytes in both directions, beside its output.
enum class ProcessChannel {
  kNone,         // standard input is empty
  kDescriptors,  // it reads from kChannelReadFd and writes to kChannelWriteFd
  kStandard,     // it reads from standard input and writes to standard output
};
inline constexpr int kChannelReadFd = 3;
inline constexpr int kChannelWriteFd = 4;

struct ProcessSpec {
  std::vector<std::string> argv;         // argv[0] is a path; no search in $PATH
  std::vector<std::string> environment;  // "NAME=VALUE", the whole of it
  fs::path folder;                       // to run in; empty: the caller's
  bool one_stream = false;  // standard error joins standard output, in the order it is written
  ProcessChannel channel = ProcessChannel::kNone;
};

struct ProcessHooks {
  // Bytes as they come; is_error tells standard error from standard output. May be empty.
  std::function<void(bool is_error, std::string_view bytes)> output;
  // What the program says through its channel, in pieces of any length. May be empty.
  std::function<void(std::string_view bytes)> channel;
  // Asked about ten times a second; true ends the program. May be empty.
  std::function<bool()> stop;
  Duration timeout{0};  // 0: none
  // How long the group has between SIGTERM and SIGKILL when it is stopped or out of time.
  Duration grace{0};
};

struct ProcessEnd {
  int exit_code = 0;
  int signal = 0;  // 0 when it exited
  bool timed_out = false;
  bool stopped = false;
  [[nodiscard]] bool success() const {
    return exit_code == 0 && signal == 0 && !timed_out && !stopped;
  }
};

// When the program itself has ended, whatever it left behind in its group is killed. The whole
// group is killed when the calling process dies, even by SIGKILL.
// Errors: the program cannot be started.
[[nodiscard]] Result<ProcessEnd> run_process(const ProcessSpec& spec, const ProcessHooks& hooks);

// The same for who talks to the program meanwhile. Not thread-safe.
class RunningProcess {
 public:
  [[nodiscard]] static Result<std::unique_ptr<RunningProcess>> start(const ProcessSpec& spec,
                                                                     ProcessHooks hooks);
  // Kills what still runs of the group.
  ~RunningProcess();
  RunningProcess(const RunningProcess&) = delete;
  RunningProcess& operator=(const RunningProcess&) = delete;

  // Waits until there is something to do, a tenth of a second at most, and does it: calls hooks,
  // hands over what send() was given, ends the program when it is time. Reads 1 MiB of each stream
  // at most. False once the program has ended and all it said was handed on.
  [[nodiscard]] bool step();
  // For the program's channel. Never waits: the bytes are kept until the program reads them, and
  // dropped once it cannot any more. May be called by a hook.
  void send(std::string_view bytes);
  // Bytes of send() that the program has not taken.
  [[nodiscard]] std::size_t unsent() const;
  // Only once step() was false.
  [[nodiscard]] const ProcessEnd& end() const;

 private:
  class Impl;
  explicit RunningProcess(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The environment of this process, in the form ProcessSpec takes.
[[nodiscard]] std::vector<std::string> current_environment();

// "SIGSEGV" for 11; "signal 99" for what has no name.
[[nodiscard]] std::string signal_name(int signal);

}  // namespace cairn
