// Fd: a file descriptor with an owner.
#pragma once

#include <unistd.h>

namespace cairn {

// A descriptor that is closed with its owner; -1: none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  void reset(int fd = -1) {
    (void)close();
    fd_ = fd;
  }
  // What ::close answers; 0 where there is none.
  int close() {
    const int fd = release();
    return fd < 0 ? 0 : ::close(fd);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace cairn
