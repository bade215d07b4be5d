// Who asks over HTTP, by what the request shows: a bearer token, or the cookie of a session.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/http/router.h"
#include "core/server/security/tokens.h"

namespace cairn {

inline constexpr const char* kSessionCookie = "cairn_session";

// The value of the cookie of that name. Nothing: there is none, or more than one, so that nobody
// slips in a second one.
[[nodiscard]] std::optional<std::string_view> cookie_of(const http::Headers& headers,
                                                        std::string_view name);

// Who shows what. An Authorization header decides alone, also where it is wrong; without one, the
// cookie does. Two of either are nobody's.
[[nodiscard]] std::optional<TokenEntry> who_shows(AccessTokens& tokens,
                                                  const http::Headers& headers);

// For http::Server: knows tokens and sessions, and compares roles. What changes something with a
// cookie needs http::kPageMark: "1", beside the origin that the server checks itself. `tokens`
// outlives it.
[[nodiscard]] http::AccessCheck make_access_check(AccessTokens& tokens);

}  // namespace cairn
