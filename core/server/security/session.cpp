#include "core/server/security/session.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/base/quantity.h"
#include "core/base/text.h"
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

Response sign_in_by_code(AccessTokens& tokens, const Request& request, bool secure) {
  if (request.body.size() > kLoginBytes) return unknown();
  const auto body = parse_json_object(request.body);
  const auto code = body.ok() ? get_string(*body, "code") : body.error();
  if (!code.ok()) return unknown();
  const auto session = tokens.redeem(*code);
  if (session.ok()) return signed_in(*session, secure);
  return session.error().code == ErrorCode::kNotFound ? unknown() : failed(session.error());
}

Response sign_in_by_token(AccessTokens& tokens, const Request& request, bool secure) {
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

Response sign_out(AccessTokens& tokens, const Request& request, bool secure) {
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

Response who_am_i(AccessTokens& tokens, const Request& request) {
  const auto entry = who_shows(tokens, request.headers);
  return entry ? http::json_response(200, about(*entry)) : unknown();
}

json::object told_of(const TokenEntry& entry) {
  json::object object = token_document(entry);
  object.erase("made_by");
  return object;
}

Response list_tokens(AccessTokens& tokens) {
  const auto entries = tokens.list();
  if (!entries.ok()) return http::problem_response(entries.error());
  json::array array;
  for (const TokenEntry& entry : *entries) {
    if (entry.kind != TokenKind::kCode) array.emplace_back(told_of(entry));
  }
  return http::json_response(200, json::object{{"tokens", std::move(array)}});
}

Result<TokenWish> wish_of(const std::string& text) {
  TokenWish wish;
  CAIRN_ASSIGN(const json::object body, parse_json_object(text.empty() ? "{}" : text));
  for (const auto& [key, value] : body) {
    const std::string name(key);
    CAIRN_ASSIGN(const std::string given, get_string(body, name));
    if (name == "label") {
      wish.label = given;
    } else if (name == "role") {
      const auto role = role_named(given);
      if (!role)
        return invalid_argument("there is no role '" + printable(given) + "'",
                                "the roles are viewer and admin");
      wish.role = *role;
    } else if (name == "expires") {
      if (given.empty()) continue;
      CAIRN_ASSIGN(wish.life, parse_duration(given));
    } else {
      return invalid_argument("a token has no '" + printable(name) + "'",
                              "it has a label, a role, and a time when it expires");
    }
  }
  return wish;
}

Response create_token(AccessTokens& tokens, const Request& request) {
  auto wish = wish_of(request.body);
  if (!wish.ok()) return http::problem_response(wish.error());
  if (const auto maker = who_shows(tokens, request.headers))
    wish->made_by = maker->kind == TokenKind::kSession ? maker->made_by : maker->id;
  const auto minted = tokens.create(*wish);
  if (!minted.ok()) return http::problem_response(minted.error());
  return http::json_response(201,
                             json::object{{"id", minted->entry.id}, {"token", minted->secret}});
}

Response revoke_token(AccessTokens& tokens, const Request& request) {
  const auto revoked = tokens.revoke(request.value("id"));
  return revoked.ok() ? Response{204, {}, ""} : http::problem_response(revoked.error());
}

}  // namespace

std::string session_cookie(std::string_view secret, Duration life, bool secure) {
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(life).count());
  return std::string(kSessionCookie) + "=" + std::string(secret) +
         "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds) +
         (secure ? "; Secure" : "");
}

std::map<std::string, http::Handler> session_handlers(AccessTokens& tokens,
                                                      const SessionOptions& options) {
  const bool secure = options.secure;
  return {
      {"SignIn", [&tokens, secure](
                     const Request& request) { return sign_in_by_code(tokens, request, secure); }},
      {"SignInWithToken",
       [&tokens, secure](const Request& request) {
         return sign_in_by_token(tokens, request, secure);
       }},
      {"GetSession", [&tokens](const Request& request) { return who_am_i(tokens, request); }},
      {"SignOut",
       [&tokens, secure](const Request& request) { return sign_out(tokens, request, secure); }},
      {"ListTokens", [&tokens](const Request&) { return list_tokens(tokens); }},
      {"CreateToken", [&tokens](const Request& request) { return create_token(tokens, request); }},
      {"RevokeToken", [&tokens](const Request& request) { return revoke_token(tokens, request); }}};
}

std::vector<http::Route> session_routes(AccessTokens& tokens, const SessionOptions& options) {
  using http::Access;
  using http::Method;
  auto handlers = session_handlers(tokens, options);
  const Access open = Access::open();
  const Access viewer = Access::role(to_string(Role::kViewer));
  const Access admin = Access::role(to_string(Role::kAdmin));
  return {
      {Method::kPost, "/api/v1/session", open, handlers["SignIn"], kLoginBytes},
      {Method::kPost, "/api/v1/session/token", viewer, handlers["SignInWithToken"], kLoginBytes},
      {Method::kGet, "/api/v1/session", viewer, handlers["GetSession"]},
      {Method::kDelete, "/api/v1/session", viewer, handlers["SignOut"]},
      {Method::kGet, "/api/v1/tokens", admin, handlers["ListTokens"]},
      {Method::kPost, "/api/v1/tokens", admin, handlers["CreateToken"], kLoginBytes},
      {Method::kDelete, "/api/v1/tokens/{id}", admin, handlers["RevokeToken"]}};
}

}  // namespace cairn
