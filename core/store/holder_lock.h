// HolderLock: the exclusive lock on FOLDER/holder, a file that names the process that has it.
#pragma once

#include <optional>

#include "core/base/file_lock.h"

namespace cairn {

class HolderLock {
 public:
  // kConflict names the process that has it.
  [[nodiscard]] static Result<HolderLock> take(const fs::path& folder);
  // Who holds the lock; asks without taking it.
  [[nodiscard]] static std::optional<long> holder(const fs::path& folder);

 private:
  FileLock lock_;
};

}  // namespace cairn
