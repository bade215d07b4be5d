// What lies in a folder.
#pragma once

#include <vector>

#include "core/base/files.h"

namespace cairn {

// Paths of all entries, sorted; none where the folder is not there.
[[nodiscard]] Result<std::vector<fs::path>> entries_of(const fs::path& folder);

}  // namespace cairn
