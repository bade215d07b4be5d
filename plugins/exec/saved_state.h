// What a checkpoint of a program consists of: state.json with the state it sent, and files/ with
// what it left in the folder it named.
#pragma once

#include <string>

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/sdk/context.h"
#include "plugins/exec/protocol.h"

namespace cairn::exec {

// The folder that a program named: absolute or relative to temp_dir, and below it, links followed.
// Errors repeat nothing of the name.
[[nodiscard]] Result<fs::path> folder_below(const fs::path& temp_dir, const std::string& named);

// Fills an empty folder. The files of `from` are moved; `from` itself stays, empty. It may be on
// another file system. Empty: no files.
[[nodiscard]] Result<void> write_state(const json::value& state, const fs::path& from,
                                       const fs::path& folder);

[[nodiscard]] Result<Start::Resume> read_state(const StageCheckpoint& checkpoint);

}  // namespace cairn::exec
