#include "core/server/security/access.h"

#include "core/base/text.h"
#include "core/http/bearer.h"
#include "core/http/gate.h"

namespace cairn {

std::optional<std::string_view> cookie_of(const http::Headers& headers, std::string_view name) {
  if (headers.count("Cookie") != 1) return std::nullopt;
  std::optional<std::string_view> value;
  for (std::string_view pair : split(*headers.find("Cookie"), ';')) {
    pair = trim(pair);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    if (value) return std::nullopt;
    value = pair.substr(equals + 1);
  }
  return value;
}

std::optional<TokenEntry> who_shows(AccessTokens& tokens, const http::Headers& headers) {
  if (headers.count("Authorization") > 0) {
    const auto secret = http::bearer_token(headers);
    return secret ? tokens.find(*secret, TokenKind::kToken) : std::nullopt;
  }
  const auto cookie = cookie_of(headers, kSessionCookie);
  return cookie ? tokens.find(*cookie, TokenKind::kSession) : std::nullopt;
}

http::AccessCheck make_access_check(AccessTokens& tokens) {
  return [&tokens](const http::Request& head,
                   const http::Access& access) -> std::variant<http::Identity, http::Denied> {
    const auto entry = who_shows(tokens, head.headers);
    if (!entry) return http::Denied::kUnknown;
    const bool changes = !http::is_safe(head.method);
    const bool marked =
        head.headers.count(http::kPageMark) == 1 && head.headers.find(http::kPageMark) == "1";
    if (entry->kind == TokenKind::kSession && changes && !marked) return http::Denied::kUnmarked;
    if (!allows(entry->role, access.role())) return http::Denied::kForbidden;
    return http::Identity{entry->who(), to_string(entry->role),
                          [&tokens, entry = *entry] { return tokens.holds(entry); }};
  };
}

}  // namespace cairn
