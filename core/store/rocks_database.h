// RocksDatabase: one opened RocksDB with what it needs, and what it knows of itself.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <memory>

#include "core/base/files.h"
#include "core/store/store_disk.h"

namespace cairn {

// Below the state folder.
inline constexpr const char* kDatabaseFolder = "journal";

[[nodiscard]] Error from_status(const rocksdb::Status& status, const std::string& doing,
                                const fs::path& folder);
[[nodiscard]] Error from_failure(const StoreDisk::Failure& failure, const fs::path& folder);

struct RocksDatabase {
  std::shared_ptr<StoreDisk> disk;  // null: opened for reading
  std::unique_ptr<rocksdb::Env> env;
  std::unique_ptr<rocksdb::DB> db;  // closed first
  std::uint32_t format = 0;         // 0: nothing was written yet
  std::uint64_t sequence = 0;       // of the last journal record
  std::string identity;             // as RunStore's

  // Opens the database below a state folder. Errors as of open_rocks_store.
  [[nodiscard]] static Result<std::shared_ptr<RocksDatabase>> open(
      const fs::path& folder, const std::shared_ptr<rocksdb::FileSystem>& base, bool read_only);

 private:
  Result<void> load(const fs::path& folder);
  Result<void> find_last_sequence(const fs::path& folder);
};

}  // namespace cairn
