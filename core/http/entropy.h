// Random bytes that nobody can guess: secrets, nonces, identifiers.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "core/base/result.h"

namespace cairn::http {

using Entropy = std::function<Result<std::string>(std::size_t bytes)>;

// From the system (getrandom). At most 256 bytes at once. Error kIo: the system gives none.
[[nodiscard]] Result<std::string> system_entropy(std::size_t bytes);

}  // namespace cairn::http
