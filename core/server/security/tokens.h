// Access tokens: who may use the engine over the network.
//
// The admin token is the file STATE_DIR/token (access_token.h). All others are in
// STATE_DIR/tokens.json, as SHA-256 of 256 random bits each, so that the file opens nothing to who
// reads it. Commands and a running engine share the files: changes are made under a lock
// (STATE_DIR/tokens.lock), and whoever asks sees them at once.
//
// A file that is damaged, or that others may read, lets none of its tokens in: what cannot be read
// is unknown, and nothing is changed until it is whole again.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/result.h"
#include "core/http/entropy.h"
#include "core/server/security/private_file.h"
#include "core/server/security/token_entry.h"

namespace cairn {

inline constexpr Duration kCodeLife{120'000};
inline constexpr Duration kSessionLife = std::chrono::hours(24 * 30);
inline constexpr Duration kLongestLife = std::chrono::hours(24 * 3650);

struct TokenWish {
  std::string label;  // may be empty; unique among tokens
  Role role = Role::kViewer;
  std::optional<Duration> life;  // at most kLongestLife
  std::string made_by = "cli";
};

struct Minted {
  TokenEntry entry;
  std::string secret;  // 64 hexadecimal digits; kept nowhere else
};

// Thread-safe. find() and holds() neither wait for a lock of the file system nor write; the others
// may do both, for some milliseconds.
class AccessTokens {
 public:
  // state_dir: need not be there; it is made with the first token. clock: outlives it. Errors:
  // those of read_private and parse_token_file, naming the file.
  [[nodiscard]] static Result<std::unique_ptr<AccessTokens>> open(
      const fs::path& state_dir, const Clock& clock, http::Entropy entropy = http::system_entropy);

  // The valid one of this secret and kind: the admin token is of kind kToken. Takes as long for
  // any secret of the same length.
  [[nodiscard]] std::optional<TokenEntry> find(std::string_view secret, TokenKind kind);

  // Whether that one, as find() gave it, is still valid. As quick as find().
  [[nodiscard]] bool holds(const TokenEntry& entry);

  // kInvalidArgument: no label, or a life that is none; kConflict: another token has the label.
  [[nodiscard]] Result<Minted> create(const TokenWish& wish);
  // A code for a session as `made_by`, which is an id.
  [[nodiscard]] Result<Minted> make_code(Role role, const std::string& made_by);
  // The session for a code, which is gone then; of two at once, one gets it. kNotFound: there is no
  // such code, or not any more.
  [[nodiscard]] Result<Minted> redeem(std::string_view code);
  // A session for who showed a token; it does not outlive the token.
  [[nodiscard]] Result<Minted> make_session(const TokenEntry& token);
  // With the sessions and codes made from it; how many in all. "admin" removes STATE_DIR/token,
  // whose successor is made when an engine starts. kNotFound: no such id.
  [[nodiscard]] Result<std::size_t> revoke(const std::string& id);

  // All that are valid, the oldest first; the admin token, where there is one, before them.
  [[nodiscard]] Result<std::vector<TokenEntry>> list();

  // Writes down when tokens were last used, if that is worth it: at most once a minute for each.
  // For whoever waits beside a server.
  [[nodiscard]] Result<void> save_uses();

 private:
  AccessTokens(const fs::path& state_dir, const Clock& clock, http::Entropy entropy);

  // What was read last.
  struct Known {
    std::optional<PrivateStamp> token_stamp;
    std::optional<PrivateStamp> tokens_stamp;
    std::vector<TokenEntry> entries;
    std::optional<Error> damage;
  };
  [[nodiscard]] Known read() const;
  std::shared_ptr<const Known> refresh();

  template <typename Change>
  Result<void> change(const Change& change);
  [[nodiscard]] Result<Minted> mint(TokenEntry entry) const;

  const fs::path state_dir_;
  const Clock& clock_;
  const http::Entropy entropy_;

  std::mutex mutex_;  // of what follows; held for as long as reading takes
  std::shared_ptr<const Known> known_;
  std::map<std::string, WallTime> uses_;  // by id, since the last save
};

}  // namespace cairn
