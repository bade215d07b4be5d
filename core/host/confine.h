// Landlock: from now on this process, and all it starts, can write below some folders only.
#pragma once

#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn::host {

// False where the kernel has no Landlock, or one that forbids renames between folders. /dev stays
// writable. There is no way back.
[[nodiscard]] Result<bool> confine_writes(const std::vector<fs::path>& folders);

}  // namespace cairn::host
