// Quantities as people write them in a workflow: durations, bytes, tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace cairn {

// "500ms", "10s", "5m", "12h", "3d"; a bare number is refused, since its unit is a guess.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
// "512", "4k" (1000), "2Gi" (1024^3), "10MB": k M G T decimal, Ki Mi Gi Ti binary, an optional B.
[[nodiscard]] Result<std::uint64_t> parse_bytes(std::string_view text);
// "20000", "20k", "1.5M": k and M are decimal.
[[nodiscard]] Result<std::uint64_t> parse_tokens(std::string_view text);

}  // namespace cairn
