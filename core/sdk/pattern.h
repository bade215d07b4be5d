// Regular expressions of text parameters (PCRE2), compiled once, matched with limits.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace cairn {

// Whether the whole of text matches. Errors: the pattern is none, or the match takes too long.
// Thread-safe.
[[nodiscard]] Result<bool> matches_pattern(const std::string& pattern, std::string_view text);

}  // namespace cairn
