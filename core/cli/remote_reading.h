// What commands print of runs whose files lie with the engine of --server: read over its API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/cli/open_runs.h"
#include "core/server/reading/line_files.h"

namespace cairn {

struct RemoteLogWish {
  RunTarget target;  // stage: empty, "STAGE", "STAGE@NUMBER" or "STAGE[LABEL]"
  Cursor after;      // the beginning where its attempt is 0
  std::optional<std::uint64_t> tail;
  bool follow = false;
};
// As `logs` prints files: task by task, what the process printed and then what the stage logged,
// until the run has ended where it follows. A line that the API cuts says so.
[[nodiscard]] Result<void> print_remote_logs(const Cli& cli, RemoteRuns& server,
                                             const RemoteLogWish& wish);

// The table of `metrics`, without means; names: only these, empty: all.
[[nodiscard]] Result<void> print_remote_metrics(const Cli& cli, RemoteRuns& server,
                                                const RunTarget& target,
                                                const std::vector<std::string>& names);

// Fetches an artifact to a place where nothing lies: whole and with this digest, or not at all.
[[nodiscard]] Result<void> fetch_artifact(RemoteRuns& server, const Digest& digest,
                                          const fs::path& destination);

}  // namespace cairn
