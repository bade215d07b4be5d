// Bearer tokens (RFC 6750) in the Authorization header.
#pragma once

#include <optional>
#include <string_view>

#include "core/http/message.h"

namespace cairn::http {

// Nothing where there is no such header, more than one, or another scheme.
[[nodiscard]] std::optional<std::string_view> bearer_token(const Headers& headers);

// Takes as long wherever the two differ, also in length.
[[nodiscard]] bool same_secret(std::string_view one, std::string_view other);

}  // namespace cairn::http
