// Runs one program in a process group of its own, and never leaves it behind.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

struct ProcessSpec {
  std::vector<std::string> argv;         // argv[0] is a path; no search in $PATH
  std::vector<std::string> environment;  // "NAME=VALUE", the whole of it
  fs::path folder;                       // to run in; empty: the caller's
  bool one_stream = false;  // standard error joins standard output, in the order it is written
};

struct ProcessHooks {
  // Bytes as they come; is_error tells standard error from standard output. May be empty.
  std::function<void(bool is_error, std::string_view bytes)> output;
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

// Standard input is empty. When the program itself has ended, whatever it left behind in its group
// is killed. The whole group is killed when the calling process dies, even by SIGKILL.
// Errors: the program cannot be started.
[[nodiscard]] Result<ProcessEnd> run_process(const ProcessSpec& spec, const ProcessHooks& hooks);

// The environment of this process, in the form ProcessSpec takes.
[[nodiscard]] std::vector<std::string> current_environment();

// "SIGSEGV" for 11; "signal 99" for what has no name.
[[nodiscard]] std::string signal_name(int signal);

}  // namespace cairn
