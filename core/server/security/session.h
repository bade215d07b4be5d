// Signing in and out: how a page gets a cookie, which scripts cannot read.
//
//   POST   /api/v1/session         {"code": "..."}, a one-time code of `cairn ui`; anyone may ask,
//                                  and all but a valid code is 401, whatever it is
//   POST   /api/v1/session/token   for who shows a token as Authorization: Bearer
//   GET    /api/v1/session         who one is
//   DELETE /api/v1/session         ends the session of the cookie; 204
//
// The first three answer {"who", "role", "expires_at"}, the last member where there is an end; the
// first two set the cookie.
#pragma once

#include <vector>

#include "core/http/router.h"
#include "core/server/security/tokens.h"

namespace cairn {

struct SessionOptions {
  bool secure = false;  // the cookie goes over TLS only: here, or from the proxy to the browser
};

// tokens: outlives them.
[[nodiscard]] std::vector<http::Route> session_routes(Tokens& tokens,
                                                      const SessionOptions& options);

// "cairn_session=SECRET; Path=/; HttpOnly; SameSite=Strict; Max-Age=..."; of no life: forget it.
[[nodiscard]] std::string session_cookie(std::string_view secret, Duration life, bool secure);

}  // namespace cairn
