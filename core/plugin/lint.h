// What a declaration lacks, though it can be loaded: documentation, sound names, valid defaults.
#pragma once

#include <string>
#include <vector>

#include "core/sdk/declaration.h"

namespace cairn {

// Each finding names the thing and what to do: "parameter 'rate' has no documentation".
[[nodiscard]] std::vector<std::string> lint(const StageDecl& stage);

}  // namespace cairn
