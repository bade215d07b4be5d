// HolderLock: the exclusive lock on FOLDER/holder, a file that names the process that has it.
#pragma once

#include <optional>
#include <utility>

#include "core/base/files.h"

struct flock;

namespace cairn {

class HolderLock {
 public:
  // kConflict names the process that has it.
  [[nodiscard]] static Result<HolderLock> take(const fs::path& folder);
  // Who holds the lock; asks without taking it.
  [[nodiscard]] static std::optional<long> holder(const fs::path& folder);

  HolderLock() = default;
  HolderLock(HolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  HolderLock& operator=(HolderLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~HolderLock();

 private:
  int fd_ = -1;
};

}  // namespace cairn
