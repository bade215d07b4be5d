// Starts a program with the descriptors it shall have and no others. What subprocess.cpp stands on.
#pragma once

#include <sys/types.h>

#include <array>

#include "core/base/fd.h"
#include "core/base/result.h"
#include "core/base/subprocess.h"

namespace cairn {

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
