// FileLock: an advisory lock on a file, of this descriptor alone: two of one process exclude each
// other as those of two processes do, and it ends with its holder, however that ends.
#pragma once

#include <utility>

#include "core/base/files.h"

namespace cairn {

class FileLock {
 public:
  // The file and its folder are made where they are missing. kUnavailable: this file system has no
  // locks.
  //
  // Beside other shared ones; waits for an exclusive one.
  [[nodiscard]] static Result<FileLock> shared(const fs::path& path);
  // Waits until it is the only one.
  [[nodiscard]] static Result<FileLock> exclusive(const fs::path& path);
  // kConflict: another has it.
  [[nodiscard]] static Result<FileLock> try_exclusive(const fs::path& path);

  // Whether somebody has it exclusively; asks without taking it.
  [[nodiscard]] static bool is_exclusive(const fs::path& path);

  FileLock() = default;
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileLock();

  // Of the file, open for reading and writing.
  [[nodiscard]] int descriptor() const { return fd_; }

 private:
  [[nodiscard]] static Result<FileLock> take(const fs::path& path, short type, int command);
  int fd_ = -1;
};

}  // namespace cairn
