// RunStore on RocksDB. Layout of keys: store_keys.h.
#pragma once

#include <memory>

#include "core/base/files.h"
#include "core/store/run_store.h"

namespace cairn {

// Opens for writing, making the folder's database when there is none. Errors:
//   kConflict  another process writes it; the message names its pid
//   kIo        full disk, read-only folder; the message names the path
//   kCorrupt   the database does not open
//   kInvalidArgument  made by a newer Cairn
[[nodiscard]] Result<std::unique_ptr<RunStore>> open_rocks_store(const fs::path& folder);

// Sees what was durable when it was opened. kNotFound where there is no store.
[[nodiscard]] Result<std::unique_ptr<RunStore>> open_rocks_store_read_only(const fs::path& folder);

// The process that writes the store in this folder, if one does.
[[nodiscard]] std::optional<long> store_holder(const fs::path& folder);

}  // namespace cairn
