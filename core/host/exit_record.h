// exit.json: written when an attempt that left a folder behind has ended. A folder without one is
// that of a process that crashed. For people; the engine goes by the spool.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn::host {

struct ExitRecord {
  std::string cause;  // empty on success
  std::string message;
  std::uint64_t token = 0;
};
// Found whole or not at all; not synced.
[[nodiscard]] Result<void> write_exit_record(const fs::path& path, const ExitRecord& record);
// not_found where there is none.
[[nodiscard]] Result<ExitRecord> read_exit_record(FileSystem& files, const fs::path& path);

}  // namespace cairn::host
