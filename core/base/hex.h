// Bytes as lower-case hexadecimal digits.
#pragma once

#include <string>
#include <string_view>

namespace cairn {

[[nodiscard]] std::string hex_of(std::string_view bytes);

}  // namespace cairn
