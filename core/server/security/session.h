// Signing in and out: how a page gets a cookie, which scripts cannot read; and tokens, for those
// who may make them.
//
//   SignIn           POST   /api/v1/session        {"code": "..."}, a one-time code of `cairn ui`;
//                    anyone may ask, and all but a valid code is 401, whatever it is
//   SignInWithToken  POST   /api/v1/session/token  for who shows a token as Authorization: Bearer
//   GetSession       GET    /api/v1/session        who one is
//   SignOut          DELETE /api/v1/session        ends the session of the cookie; 204
//   ListTokens       GET    /api/v1/tokens         {"tokens": [{"id", "label", "role", "kind",
//                    "created_at", "expires_at"?, "last_used_at"?}]}, without codes
//   CreateToken      POST   /api/v1/tokens         {"label"?, "role"?, "expires"?: "30d"};
//                    201 {"id", "token"}: the token is told this once
//   RevokeToken      DELETE /api/v1/tokens/{id}    with its sessions; 204
//
// The first three answer {"who", "role", "expires_at"?}; the first two set the cookie.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/http/router.h"
#include "core/server/security/tokens.h"

namespace cairn {

struct SessionOptions {
  bool secure = false;  // the cookie goes over TLS only: here, or from the proxy to the browser
};

// By the names above. tokens: outlives them.
[[nodiscard]] std::map<std::string, http::Handler> session_handlers(AccessTokens& tokens,
                                                                    const SessionOptions& options);
// The same as routes, for who has no other list of them.
[[nodiscard]] std::vector<http::Route> session_routes(AccessTokens& tokens,
                                                      const SessionOptions& options);

// "cairn_session=SECRET; Path=/; HttpOnly; SameSite=Strict; Max-Age=..."; of no life: forget it.
[[nodiscard]] std::string session_cookie(std::string_view secret, Duration life, bool secure);

}  // namespace cairn
