#include "core/server/security/token_entry.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "core/base/text.h"

namespace cairn {
namespace {

constexpr int kVersion = 1;
constexpr std::size_t kDigestDigits = 64;
constexpr std::size_t kLabelBytes = 100;
constexpr std::array<TokenKind, 3> kKinds = {TokenKind::kToken, TokenKind::kSession,
                                             TokenKind::kCode};

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<TokenKind> kind_named(std::string_view name) {
  const auto* found = std::ranges::find(
      kKinds, name, [](TokenKind kind) { return std::string_view(to_string(kind)); });
  return found == kKinds.end() ? std::nullopt : std::optional(*found);
}

Result<std::optional<WallTime>> optional_time(const json::object& object, std::string_view key) {
  if (!object.contains(key)) return std::optional<WallTime>();
  CAIRN_ASSIGN(const std::string text, get_string(object, key));
  CAIRN_ASSIGN(const WallTime time, parse_rfc3339(text));
  return std::optional(time);
}

Result<TokenEntry> parse_entry(const json::value& value) {
  static const std::set<std::string_view> kKnown = {"id",         "label",        "role",
                                                    "kind",       "sha256",       "created_at",
                                                    "expires_at", "last_used_at", "made_by"};
  const auto* object = value.if_object();
  if (object == nullptr) return corrupt("an entry is no object");
  for (const auto& [key, ignored] : *object) {
    if (!kKnown.contains(std::string_view(key.data(), key.size())))
      return corrupt("an entry has the unknown member '" + printable(std::string(key)) + "'");
  }
  TokenEntry entry;
  CAIRN_ASSIGN(entry.id, get_string(*object, "id"));
  CAIRN_ASSIGN(entry.label, get_string(*object, "label"));
  CAIRN_ASSIGN(entry.digest, get_string(*object, "sha256"));
  CAIRN_ASSIGN(entry.made_by, get_string(*object, "made_by"));
  CAIRN_ASSIGN(const std::string role, get_string(*object, "role"));
  CAIRN_ASSIGN(const std::string kind, get_string(*object, "kind"));
  CAIRN_ASSIGN(const std::string created, get_string(*object, "created_at"));
  CAIRN_ASSIGN(entry.created, parse_rfc3339(created));
  CAIRN_ASSIGN(entry.expires, optional_time(*object, "expires_at"));
  CAIRN_ASSIGN(entry.last_used, optional_time(*object, "last_used_at"));
  const auto known_role = role_named(role);
  const auto known_kind = kind_named(kind);
  if (!known_role || !known_kind) return corrupt("an entry has no known role or kind");
  entry.role = *known_role;
  entry.kind = *known_kind;
  if (!is_hex(entry.id)) return corrupt("an entry has the id '" + printable(entry.id) + "'");
  if (entry.digest.size() != kDigestDigits || !is_hex(entry.digest))
    return corrupt("the entry " + entry.id + " has no SHA-256");
  if (entry.kind != TokenKind::kToken && !entry.expires)
    return corrupt("the " + kind + " " + entry.id + " never ends");
  return entry;
}

}  // namespace

const char* to_string(Role role) {
  return role == Role::kAdmin ? "admin" : "viewer";
}

std::optional<Role> role_named(std::string_view name) {
  if (name == to_string(Role::kViewer)) return Role::kViewer;
  if (name == to_string(Role::kAdmin)) return Role::kAdmin;
  return std::nullopt;
}

bool allows(Role role, std::string_view asked) {
  const auto needed = role_named(asked);
  return needed && role >= *needed;
}

const char* to_string(TokenKind kind) {
  switch (kind) {
    case TokenKind::kToken:
      return "token";
    case TokenKind::kSession:
      return "session";
    case TokenKind::kCode:
      return "code";
  }
  return "token";
}

json::object token_document(const TokenEntry& entry) {
  json::object object{{"id", entry.id},
                      {"label", entry.label},
                      {"role", to_string(entry.role)},
                      {"kind", to_string(entry.kind)},
                      {"created_at", format_rfc3339(entry.created)}};
  if (entry.expires) object["expires_at"] = format_rfc3339(*entry.expires);
  if (entry.last_used) object["last_used_at"] = format_rfc3339(*entry.last_used);
  object["made_by"] = entry.made_by;
  return object;
}

std::string token_file_text(const std::vector<TokenEntry>& entries) {
  json::array array;
  for (const TokenEntry& entry : entries) {
    json::object object = token_document(entry);
    object["sha256"] = entry.digest;
    array.emplace_back(std::move(object));
  }
  return pretty_json(json::object{{"version", kVersion}, {"tokens", std::move(array)}});
}

Result<std::vector<TokenEntry>> parse_token_file(std::string_view text) {
  CAIRN_ASSIGN(const json::object object, parse_json_object(text));
  CAIRN_ASSIGN(const std::int64_t version, get_int(object, "version"));
  if (version != kVersion) {
    return corrupt("it is of version " + std::to_string(version),
                   "use the Cairn that wrote it, or a newer one");
  }
  CAIRN_ASSIGN(const auto* array, get_array(object, "tokens"));
  std::vector<TokenEntry> entries;
  std::set<std::string> ids;
  for (const json::value& value : *array) {
    CAIRN_ASSIGN(TokenEntry entry, parse_entry(value));
    if (!ids.insert(entry.id).second) return corrupt("two entries have the id " + entry.id);
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<void> check_label(const std::string& label) {
  const auto is_control = [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte < 0x20 || byte == 0x7f;
  };
  if (label.size() > kLabelBytes || !is_valid_utf8(label) ||
      std::ranges::any_of(label, is_control)) {
    return invalid_argument("'" + printable(label.substr(0, kLabelBytes)) + "' is no label",
                            "at most 100 bytes of text without control characters");
  }
  if (label == kAdminId) {
    return invalid_argument("the label 'admin' is that of STATE_DIR/token", "choose another one");
  }
  return {};
}

std::vector<TokenEntry> without_dead(std::vector<TokenEntry> entries, WallTime now,
                                     std::size_t sessions) {
  std::erase_if(entries, [&](const TokenEntry& entry) { return !entry.valid_at(now); });
  std::map<std::string, std::size_t> of_maker;
  std::set<std::string> kept;
  // The newest are the last.
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->kind == TokenKind::kToken || ++of_maker[entry->made_by] <= sessions)
      kept.insert(entry->id);
  }
  std::erase_if(entries, [&](const TokenEntry& entry) { return !kept.contains(entry.id); });
  return entries;
}

std::vector<TokenEntry> without(std::vector<TokenEntry> entries, const std::string& id) {
  std::erase_if(entries, [&](const TokenEntry& entry) {
    return entry.id == id || (entry.kind != TokenKind::kToken && entry.made_by == id);
  });
  return entries;
}

}  // namespace cairn
