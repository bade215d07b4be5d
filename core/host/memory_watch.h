// MemoryWatch: how much memory this process has taken.
#pragma once

#include <cstdint>

#include "core/base/fd.h"

namespace cairn::host {

class MemoryWatch {
 public:
  MemoryWatch();

  // Resident bytes that are the process's own; pages of files, which the kernel can take back, are
  // not among them. 0 where that cannot be known. One read of a small file.
  [[nodiscard]] std::uint64_t taken() const;

 private:
  Fd statm_;
};

}  // namespace cairn::host
