#include "core/server/security/session.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/http/bearer.h"
#include "core/http/problem.h"
#include "core/server/security/access.h"

namespace cairn {
namespace {

using http::Request;
using http::Response;

constexpr std::uint64_t kLoginBytes = 4096;

json::object about(const TokenEntry& entry) {
  json::object object{{"who", entry.who()}, {"role", to_string(entry.role)}};
  if (entry.expires) object["expires_at"] = format_rfc3339(*entry.expires);
  return object;
}

// The same for every reason.
Response unknown() {
  Response response = http::problem_response(
      401, invalid_argument("the code is missing, used or too old", "make one with: cairn ui"));
  response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

Response failed(const Error& error) {
  spdlog::error("a session could not be made: {}", error.to_string());
  return http::problem_response(
      503, make_error(ErrorCode::kUnavailable, "the session could not be stored"));
}

Response signed_in(const Minted& session, bool secure) {
  Response response = http::json_response(200, about(session.entry));
  const Duration life = *session.entry.expires - session.entry.created;
  response.headers.add("Set-Cookie", session_cookie(session.secret, life, secure));
  response.who = session.entry.who();
  return response;
}

Response sign_in_by_code(Tokens& tokens, const Request& request, bool secure) {
  const auto body = parse_json_object(request.body);
  const auto code = body.ok() ? get_string(*body, "code") : body.error();
  if (!code.ok()) return unknown();
  const auto session = tokens.redeem(*code);
  if (session.ok()) return signed_in(*session, secure);
  return session.error().code == ErrorCode::kNotFound ? unknown() : failed(session.error());
}

Response sign_in_by_token(Tokens& tokens, const Request& request, bool secure) {
  const auto secret = http::bearer_token(request.headers);
  if (!secret) {
    return http::problem_response(
        400, invalid_argument("there is a session already, and no token is shown",
                              "send it as 'Authorization: Bearer TOKEN'"));
  }
  const auto token = tokens.find(*secret, TokenKind::kToken);
  if (!token) return unknown();
  const auto session = tokens.make_session(*token);
  if (session.ok()) return signed_in(*session, secure);
  return session.error().code == ErrorCode::kNotFound ? unknown() : failed(session.error());
}

Response sign_out(Tokens& tokens, const Request& request, bool secure) {
  const auto cookie = cookie_of(request.headers, kSessionCookie);
  const auto session = cookie ? tokens.find(*cookie, TokenKind::kSession) : std::nullopt;
  if (session) {
    const auto revoked = tokens.revoke(session->id);
    // Another window was faster.
    if (!revoked.ok() && revoked.error().code != ErrorCode::kNotFound)
      return failed(revoked.error());
  }
  Response response{204, {}, ""};
  response.headers.add("Set-Cookie", session_cookie("", Duration{0}, secure));
  return response;
}

Response who_am_i(Tokens& tokens, const Request& request) {
  const auto entry = who_shows(tokens, request.headers);
  return entry ? http::json_response(200, about(*entry)) : unknown();
}

}  // namespace

std::string session_cookie(std::string_view secret, Duration life, bool secure) {
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(life).count());
  return std::string(kSessionCookie) + "=" + std::string(secret) +
         "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds) +
         (secure ? "; Secure" : "");
}

std::vector<http::Route> session_routes(Tokens& tokens, const SessionOptions& options) {
  using http::Access;
  using http::Method;
  const bool secure = options.secure;
  const Access known = Access::role(to_string(Role::kViewer));
  return {{Method::kPost, "/api/v1/session", Access::open(),
           [&tokens, secure](const Request& request) {
             return sign_in_by_code(tokens, request, secure);
           },
           kLoginBytes},
          {Method::kPost, "/api/v1/session/token", known,
           [&tokens, secure](const Request& request) {
             return sign_in_by_token(tokens, request, secure);
           },
           kLoginBytes},
          {Method::kGet, "/api/v1/session", known,
           [&tokens](const Request& request) { return who_am_i(tokens, request); }},
          {Method::kDelete, "/api/v1/session", known, [&tokens, secure](const Request& request) {
             return sign_out(tokens, request, secure);
           }}};
}

}  // namespace cairn
