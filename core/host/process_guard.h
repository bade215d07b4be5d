// What the process does when a stage misbehaves: a crash or an exit() leaves a last line on
// standard error.
#pragma once

namespace cairn::host {

// Once, before any thread: a crash signal or exit() names itself on standard error, SIGPIPE is
// ignored, descriptors 0 to 2 are open.
void install_process_guard();

// Once on each thread that runs a stage: a stack overflow, too, reaches the crash handler.
void guard_this_thread();

// While true, an exit() of the process is reported as the stage's. From any thread.
void stage_runs(bool runs);

}  // namespace cairn::host
