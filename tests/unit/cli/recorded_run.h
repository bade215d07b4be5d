// Runs as a journal would give them, for tests of what is made from them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/engine/state.h"

namespace cairn {

// `made` -> `train` (two tasks: lr=1, lr=2) -> `report`; every stage has succeeded, each output
// with a digest of its own. digest_of(run + task) where no other is given by task name.
[[nodiscard]] RunState recorded_run(const std::string& id,
                                    const std::map<std::string, Digest>& digests = {});

// {"a","b"} -> digest
[[nodiscard]] json::object object_at(const json::value& value,
                                     const std::vector<std::string>& path);

}  // namespace cairn
