// Secrets: parameters that name where a value is, {"$secret": "env:NAME"} or {"$secret":
// "file:PATH"}. Values are known in this process only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn::host {

// Whether JSON text can hold a reference; cheap.
[[nodiscard]] bool may_name_secrets(std::string_view text);

// Puts the text it names in the place of every reference, at any depth, and adds it to *values. A
// line end at the end of a file is no part of it. Errors name the reference, never a value.
[[nodiscard]] Result<void> resolve_secrets(json::object& params, std::vector<std::string>* values);

}  // namespace cairn::host
