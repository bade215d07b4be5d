#include "core/server/security/tokens.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/base/boundary.h"
#include "core/base/file_lock.h"
#include "core/base/hex.h"
#include "core/server/access_token.h"

namespace cairn {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kIdBytes = 5;
constexpr std::size_t kMostEntries = 10'000;
constexpr std::size_t kSessionsOfOne = 200;
constexpr std::size_t kMostFileBytes = std::size_t{8} << 20;
constexpr Duration kUseGrain{60'000};

const char* const kFile = "tokens.json";

std::string digest_hex_of(std::string_view secret) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return hex_of(digest);
}

// Looks at all of them, whatever it finds.
const TokenEntry* entry_of(const std::vector<TokenEntry>& entries, std::string_view secret,
                           TokenKind kind, WallTime now) {
  const std::string digest = digest_hex_of(secret);
  const TokenEntry* found = nullptr;
  for (const TokenEntry& entry : entries) {
    const bool same = entry.digest.size() == digest.size() &&
                      CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0;
    if (same && entry.kind == kind && entry.valid_at(now)) found = &entry;
  }
  return found;
}

// Stored as any other, though it is not in the same file.
TokenEntry admin_entry(const std::string& token) {
  TokenEntry entry;
  entry.id = entry.label = kAdminId;
  entry.role = Role::kAdmin;
  entry.digest = digest_hex_of(token);
  entry.made_by = "engine";
  return entry;
}

bool is_admin(const TokenEntry& entry) {
  return entry.id == kAdminId;
}

Result<std::vector<TokenEntry>> read_file(const fs::path& path) {
  auto text = read_private(path, kMostFileBytes);
  if (!text.ok() && text.error().code == ErrorCode::kNotFound) return std::vector<TokenEntry>();
  if (!text.ok()) return text.error();
  auto entries = parse_token_file(*text);
  if (entries.ok()) return entries;
  Error error =
      corrupt(path.string() + " is damaged: " + entries.error().message, entries.error().hint);
  if (error.hint.empty()) error.hint = "remove it: then only the admin token is left";
  return error;
}

void remember_use(std::vector<TokenEntry>& entries, const std::map<std::string, WallTime>& uses) {
  for (TokenEntry& entry : entries) {
    const auto use = uses.find(entry.id);
    if (use != uses.end() && (!entry.last_used || *entry.last_used < use->second))
      entry.last_used = use->second;
  }
}

}  // namespace

AccessTokens::AccessTokens(const fs::path& state_dir, const Clock& clock, http::Entropy entropy)
    : state_dir_(state_dir), clock_(clock), entropy_(std::move(entropy)) {}

Result<std::unique_ptr<AccessTokens>> AccessTokens::open(const fs::path& state_dir,
                                                         const Clock& clock,
                                                         http::Entropy entropy) {
  std::unique_ptr<AccessTokens> tokens(new AccessTokens(state_dir, clock, std::move(entropy)));
  const auto known = tokens->refresh();
  if (known->damage) return *known->damage;
  return tokens;
}

AccessTokens::Known AccessTokens::read() const {
  Known known;
  // The stamps first: what changes meanwhile is read again.
  known.token_stamp = private_stamp(state_dir_ / "token");
  known.tokens_stamp = private_stamp(state_dir_ / kFile);
  if (known.token_stamp) {
    auto token = read_token(state_dir_);
    if (token.ok()) {
      known.entries.push_back(admin_entry(*token));
    } else if (token.error().code != ErrorCode::kNotFound) {
      known.damage = token.error();
    }
  }
  auto entries = read_file(state_dir_ / kFile);
  if (entries.ok()) {
    std::ranges::move(*entries, std::back_inserter(known.entries));
  } else {
    known.damage = entries.error();
  }
  return known;
}

std::shared_ptr<const AccessTokens::Known> AccessTokens::refresh() {
  const std::lock_guard lock(mutex_);
  if (known_ && known_->token_stamp == private_stamp(state_dir_ / "token") &&
      known_->tokens_stamp == private_stamp(state_dir_ / kFile)) {
    return known_;
  }
  known_ = std::make_shared<const Known>(read());
  if (known_->damage) spdlog::error("{}", known_->damage->to_string());
  return known_;
}

std::optional<TokenEntry> AccessTokens::find(std::string_view secret, TokenKind kind) {
  const auto known = refresh();
  const WallTime now = clock_.now();
  const TokenEntry* found = entry_of(known->entries, secret, kind, now);
  if (found == nullptr) return std::nullopt;
  if (!is_admin(*found)) {
    const std::lock_guard lock(mutex_);
    uses_[found->id] = now;
  }
  return *found;
}

bool AccessTokens::holds(const TokenEntry& entry) {
  const auto known = refresh();
  const WallTime now = clock_.now();
  return std::ranges::any_of(known->entries, [&](const TokenEntry& other) {
    return other.id == entry.id && other.digest == entry.digest && other.valid_at(now);
  });
}

// change: of the entries as they are in the file; Result<void>(std::vector<TokenEntry>&).
template <typename Change>
Result<void> AccessTokens::change(const Change& change) {
  struct stat info {};
  if (::stat(state_dir_.c_str(), &info) != 0) {
    const PersistenceBoundary boundary(Boundary::kEngineSocket);
    CAIRN_TRY(real_file_system().make_directories(state_dir_));
    ::chmod(state_dir_.c_str(), 0700);
  }
  const fs::path lock_file = state_dir_ / "tokens.lock";
  CAIRN_TRY(touch_private(lock_file));
  CAIRN_ASSIGN(const FileLock lock, FileLock::exclusive(lock_file));
  CAIRN_ASSIGN(std::vector<TokenEntry> entries, read_file(state_dir_ / kFile));
  std::map<std::string, WallTime> uses;
  {
    const std::lock_guard guard(mutex_);
    uses = uses_;
  }
  CAIRN_TRY(change(entries));
  remember_use(entries, uses);
  entries = without_dead(std::move(entries), clock_.now(), kSessionsOfOne);
  if (entries.size() > kMostEntries) {
    return make_error(ErrorCode::kResourceExhausted,
                      "there are " + std::to_string(kMostEntries) + " tokens already",
                      "see `cairn token list`, and revoke some");
  }
  CAIRN_TRY(write_private(state_dir_ / kFile, token_file_text(entries)));
  const std::lock_guard guard(mutex_);
  std::erase_if(uses_, [&](const auto& use) {
    const auto saved = uses.find(use.first);
    return saved != uses.end() && saved->second == use.second;
  });
  return {};
}

Result<Minted> AccessTokens::mint(TokenEntry entry) const {
  CAIRN_ASSIGN(const std::string secret, entropy_(kSecretBytes));
  CAIRN_ASSIGN(const std::string id, entropy_(kIdBytes));
  Minted minted{std::move(entry), hex_of(secret)};
  minted.entry.id = hex_of(id);
  minted.entry.digest = digest_hex_of(minted.secret);
  return minted;
}

Result<Minted> AccessTokens::create(const TokenWish& wish) {
  CAIRN_TRY(check_label(wish.label));
  if (wish.life && (*wish.life <= Duration{0} || *wish.life > kLongestLife)) {
    return invalid_argument("a token is good for more than nothing and at most ten years",
                            "for example 30d; left out: for ever");
  }
  TokenEntry entry;
  entry.label = wish.label;
  entry.role = wish.role;
  entry.made_by = wish.made_by;
  entry.created = clock_.now();
  if (wish.life) entry.expires = entry.created + *wish.life;
  CAIRN_ASSIGN(Minted minted, mint(std::move(entry)));
  CAIRN_TRY(change([&](std::vector<TokenEntry>& entries) -> Result<void> {
    const WallTime now = clock_.now();
    const bool taken = std::ranges::any_of(entries, [&](const TokenEntry& other) {
      return !wish.label.empty() && other.kind == TokenKind::kToken && other.valid_at(now) &&
             other.label == wish.label;
    });
    if (taken) {
      return conflict("there is a token '" + wish.label + "' already",
                      "choose another label, or revoke that one first");
    }
    entries.push_back(minted.entry);
    return {};
  }));
  return minted;
}

Result<Minted> AccessTokens::make_code(Role role, const std::string& made_by) {
  TokenEntry entry;
  entry.label = made_by;
  entry.role = role;
  entry.kind = TokenKind::kCode;
  entry.made_by = made_by;
  entry.created = clock_.now();
  entry.expires = entry.created + kCodeLife;
  CAIRN_ASSIGN(Minted minted, mint(std::move(entry)));
  CAIRN_TRY(change([&](std::vector<TokenEntry>& entries) -> Result<void> {
    entries.push_back(minted.entry);
    return {};
  }));
  return minted;
}

Result<Minted> AccessTokens::redeem(std::string_view code) {
  const Error none = not_found("there is no such code", "make a new one with: cairn ui");
  // Whoever guesses does not get as far as the lock.
  if (entry_of(refresh()->entries, code, TokenKind::kCode, clock_.now()) == nullptr) return none;
  CAIRN_ASSIGN(Minted minted, mint({}));
  CAIRN_TRY(change([&](std::vector<TokenEntry>& entries) -> Result<void> {
    const TokenEntry* found = entry_of(entries, code, TokenKind::kCode, clock_.now());
    if (found == nullptr) return none;
    TokenEntry& session = minted.entry;
    session.kind = TokenKind::kSession;
    session.label = found->label;
    session.role = found->role;
    session.made_by = found->made_by;
    session.created = clock_.now();
    session.expires = session.created + kSessionLife;
    entries.erase(entries.begin() + (found - entries.data()));
    entries.push_back(session);
    return {};
  }));
  return minted;
}

Result<Minted> AccessTokens::make_session(const TokenEntry& token) {
  TokenEntry entry;
  entry.label = token.who();
  entry.role = token.role;
  entry.kind = TokenKind::kSession;
  entry.made_by = token.id;
  entry.created = clock_.now();
  entry.expires = entry.created + kSessionLife;
  if (token.expires) entry.expires = std::min(*entry.expires, *token.expires);
  CAIRN_ASSIGN(Minted minted, mint(std::move(entry)));
  CAIRN_TRY(change([&](std::vector<TokenEntry>& entries) -> Result<void> {
    // It may have been revoked since it was shown.
    const bool there = is_admin(token) || std::ranges::any_of(entries, [&](const TokenEntry& one) {
                         return one.id == token.id;
                       });
    if (!there) return not_found("the token " + token.id + " is revoked");
    entries.push_back(minted.entry);
    return {};
  }));
  return minted;
}

Result<std::size_t> AccessTokens::revoke(const std::string& id) {
  std::size_t gone = 0;
  CAIRN_TRY(change([&](std::vector<TokenEntry>& entries) -> Result<void> {
    const std::size_t before = entries.size();
    const WallTime now = clock_.now();
    const bool there = std::ranges::any_of(
        entries, [&](const TokenEntry& entry) { return entry.id == id && entry.valid_at(now); });
    bool removed = false;
    if (id == kAdminId) {
      const PersistenceBoundary boundary(Boundary::kEngineSocket);
      removed = private_stamp(state_dir_ / "token").has_value();
      if (removed) CAIRN_TRY(real_file_system().remove_all(state_dir_ / "token"));
    }
    if (!there && !removed) {
      return not_found("there is no token of the id '" + id + "'",
                       "see `cairn token list`; a token is named by its id, not by itself");
    }
    entries = without(std::move(entries), id);
    gone = before - entries.size() + (removed ? 1 : 0);
    return {};
  }));
  return gone;
}

Result<std::vector<TokenEntry>> AccessTokens::list() {
  const auto known = refresh();
  if (known->damage) return *known->damage;
  std::vector<TokenEntry> entries = known->entries;
  const WallTime now = clock_.now();
  std::erase_if(entries, [&](const TokenEntry& entry) { return !entry.valid_at(now); });
  const std::lock_guard lock(mutex_);
  remember_use(entries, uses_);
  return entries;
}

Result<void> AccessTokens::save_uses() {
  const auto known = refresh();
  bool worth = false;
  {
    const std::lock_guard lock(mutex_);
    for (const TokenEntry& entry : known->entries) {
      const auto use = uses_.find(entry.id);
      worth = worth || (use != uses_.end() &&
                        (!entry.last_used || use->second - *entry.last_used >= kUseGrain));
    }
  }
  if (!worth) return {};
  return change([](std::vector<TokenEntry>&) { return Result<void>(); });
}

}  // namespace cairn
