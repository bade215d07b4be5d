// What exact resume rests on besides the seed (DESIGN §2): processor, libraries, threads.
#pragma once

#include "core/base/json.h"

namespace cairn::host {

// {"cpu","cores","threads","kernel","libraries":[names of the numerical and C++ libraries now
// loaded]}. Taken after the plugin is loaded.
[[nodiscard]] json::object fingerprint(int threads);

}  // namespace cairn::host
