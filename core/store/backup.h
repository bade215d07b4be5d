// Backups of a store: a copy made while it is written, with a list of checksums.
//
//   FOLDER/journal/...     the database
//   FOLDER/backup.json     {"format": 1, "sequence": N, "files": [[path, bytes, digest], ...]}
#pragma once

#include <cstdint>

#include "core/base/files.h"
#include "core/store/run_store.h"

namespace cairn {

struct BackupInfo {
  std::uint64_t sequence = 0;  // of the last journal record in it
  std::uint64_t bytes = 0;
  std::size_t files = 0;
};

// Copies what is durable now into a folder that does not exist yet; durable, and whole or not
// there, when it returns. Writes go on meanwhile. kConflict: the folder exists.
[[nodiscard]] Result<BackupInfo> back_up(RunStore& store, const fs::path& folder);

// Compares every file with its checksum, and opens the database. kNotFound: no backup; kCorrupt
// names the file that is damaged, missing or too many; kInvalidArgument: made by a newer Cairn.
[[nodiscard]] Result<BackupInfo> check_backup(const fs::path& folder);

// Checks the backup, then installs a copy of it as the store of a state folder; a failure leaves
// the state folder without a store. kConflict: the state folder has one, or is in use.
[[nodiscard]] Result<BackupInfo> restore_store(const fs::path& backup,
                                               const fs::path& state_folder);

}  // namespace cairn
