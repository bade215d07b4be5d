// An open file descriptor that closes itself.
#pragma once

#include <unistd.h>

#include <utility>

namespace cairn {

// -1: none. Moves only.
class FileHandle {
 public:
  explicit FileHandle(int file = -1) : file_(file) {}
  FileHandle(FileHandle&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FileHandle() { (void)close(); }
  [[nodiscard]] int get() const { return file_; }
  // What ::close answers.
  int close() {
    const int file = std::exchange(file_, -1);
    return file < 0 ? 0 : ::close(file);
  }

 private:
  int file_;
};

}  // namespace cairn
