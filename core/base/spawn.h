// Starts a program with the descriptors it shall have and no others. What subprocess.cpp stands on.
#pragma once

#include <sys/types.h>

#include <array>

#include "core/base/result.h"
#include "core/base/subprocess.h"

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
  void reset(int fd = -1);
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_ = -1;
};

// Both ends closed by exec, and above the numbers that a program is given.
struct Pipe {
  Fd read;
  Fd write;
  [[nodiscard]] Result<void> open();
};

// What the program finds as its descriptors 0, 1, ...; -1: /dev/null up to 2, none beyond.
using ProgramDescriptors = std::array<int, kChannelWriteFd + 1>;

// In a group of its own, which it leads, with plain signals.
[[nodiscard]] Result<pid_t> spawn_program(const ProcessSpec& spec,
                                          const ProgramDescriptors& descriptors);

}  // namespace cairn
