// Following a run that another process serves.
#pragma once

#include <optional>

#include "core/cli/cli.h"
#include "core/cli/open_runs.h"

namespace cairn {

struct FollowOptions {
  bool show = true;               // progress on stderr, the result on stdout as `run` prints it
  std::optional<Duration> limit;  // of the wait
};

// Waits until the run has ended and returns its exit code; 7 when the time is over.
[[nodiscard]] ExitCode follow_server(const Cli& cli, RemoteRuns& server, const std::string& run,
                                     const FollowOptions& options);

// --wait-timeout, and what was typed after it; nothing where it was not given.
void add_wait_timeout(CLI::App& command, const std::shared_ptr<std::string>& text);
[[nodiscard]] Result<std::optional<Duration>> parse_wait_timeout(const std::string& text);

}  // namespace cairn
