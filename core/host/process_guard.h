// What the process does when a stage misbehaves: standard output and error go to the attempt's
// output.log, and a crash or an exit() leaves a last line there.
#pragma once

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn::host {

// Once, before any thread: a crash signal or exit() names itself on standard error, SIGPIPE is
// ignored, descriptors 0 to 2 are open.
void install_process_guard();

// Once on each thread that runs a stage: a stack overflow, too, reaches the crash handler.
void guard_this_thread();

// While it lives, descriptors 1 and 2 append to a file, and an exit() of the process is reported
// as the stage's. One at a time.
class OutputCapture {
 public:
  [[nodiscard]] static Result<OutputCapture> start(const fs::path& file);
  ~OutputCapture();
  OutputCapture(OutputCapture&& other) noexcept;
  OutputCapture& operator=(OutputCapture&&) = delete;

 private:
  OutputCapture(int out, int err) : out_(out), err_(err) {}
  int out_;
  int err_;
};

}  // namespace cairn::host
