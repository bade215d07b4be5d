// What is kept of a token, a session or a one-time code: everything but the secret itself. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

// Who may do what: a viewer reads, an admin also changes.
enum class Role : std::uint8_t { kViewer, kAdmin };
[[nodiscard]] const char* to_string(Role role);
[[nodiscard]] std::optional<Role> role_named(std::string_view name);
// Whether a role is enough for a route that asks for the role of this name; one that is not known
// is enough for nobody.
[[nodiscard]] bool allows(Role role, std::string_view asked);

enum class TokenKind : std::uint8_t {
  kToken,    // shown as a bearer token
  kSession,  // shown as a cookie
  kCode,     // shown once, for a session
};
[[nodiscard]] const char* to_string(TokenKind kind);

struct TokenEntry {
  std::string id;     // to name it by; no secret
  std::string label;  // whose it is, as its maker wrote; a session's is that of its origin
  Role role = Role::kViewer;
  TokenKind kind = TokenKind::kToken;
  std::string digest;  // SHA-256 of the secret, 64 hexadecimal digits
  WallTime created{};
  std::optional<WallTime> expires;
  std::optional<WallTime> last_used;
  std::string made_by;  // id of the token a session or code came from; "cli" for tokens of
                        // `cairn token`

  [[nodiscard]] bool valid_at(WallTime now) const { return !expires || now < *expires; }
  // The label, or the id where there is none: Request::who, and the name in the audit log.
  [[nodiscard]] const std::string& who() const { return label.empty() ? id : label; }
};

// The token in STATE_DIR/token: its id and its label.
inline constexpr const char* kAdminId = "admin";

// The contents of STATE_DIR/tokens.json. Reading is strict, since nothing else knows what a damaged
// file let in: every member must be there, of its type and its grammar, and no other.
[[nodiscard]] std::string token_file_text(const std::vector<TokenEntry>& entries);
[[nodiscard]] Result<std::vector<TokenEntry>> parse_token_file(std::string_view text);

// What the CLI prints: no digest.
[[nodiscard]] json::object token_document(const TokenEntry& entry);

// At most 100 bytes of UTF-8 without control characters, and not "admin".
[[nodiscard]] Result<void> check_label(const std::string& label);

// In the order they were made: without those whose time is over, and without all but the newest
// `sessions` sessions of each maker: signing in again and again fills no disk.
[[nodiscard]] std::vector<TokenEntry> without_dead(std::vector<TokenEntry> entries, WallTime now,
                                                   std::size_t sessions);
// Without the one of this id and whatever was made from it.
[[nodiscard]] std::vector<TokenEntry> without(std::vector<TokenEntry> entries,
                                              const std::string& id);

}  // namespace cairn
