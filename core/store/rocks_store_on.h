// The store on another file system than the machine's: for tests of broken disks.
#pragma once

#include <rocksdb/file_system.h>

#include "core/store/rocks_store.h"

namespace cairn {

[[nodiscard]] Result<std::unique_ptr<RunStore>> open_rocks_store_on(
    const fs::path& folder, const std::shared_ptr<rocksdb::FileSystem>& disk);
[[nodiscard]] Result<std::unique_ptr<RunStore>> open_rocks_store_read_only_on(
    const fs::path& folder, const std::shared_ptr<rocksdb::FileSystem>& disk);

}  // namespace cairn
