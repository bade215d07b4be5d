// What the commands below `cairn artifacts` share.
#pragma once

#include <string>

#include "core/base/json.h"
#include "core/base/result.h"
#include "core/cli/cli.h"

namespace cairn {

// The element of a `get` document that RUN/STAGE/OUTPUT names: kind, digest, path, bytes.
[[nodiscard]] Result<json::object> find_output(const Cli& cli, const std::string& text);

void add_preview(CLI::App& artifacts, Cli& cli);

}  // namespace cairn
