// Tokens that are cut out of a text before anything else happens to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/lib/model/alignment.h"

namespace cairn::model {

struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool special = false;      // left out of a decoding that skips special tokens
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // and after it
  bool normalized = false;   // looked for after NFC, not before
};

// Finds added tokens: leftmost, then longest. Immutable once filled.
class AddedTokens {
 public:
  // A stretch of text: a token's, or plain text (id -1), which is never empty.
  struct Segment {
    ByteSpan span;
    std::int32_t id = -1;
  };

  // `content` is what is looked for; not empty.
  void add(AddedToken token, std::string_view content);
  [[nodiscard]] bool empty() const { return tokens_.empty(); }
  // The whole of valid UTF-8, in order. Where an rstrip token took white space that the next token
  // begins with, both spans hold it, as in the reference.
  void split(std::string_view text, std::vector<Segment>& segments) const;

 private:
  static constexpr std::uint32_t kNoToken = ~0U;
  struct Match {
    std::uint32_t token = kNoToken;
    std::size_t size = 0;
  };
  [[nodiscard]] Match longest_at(std::string_view text, std::size_t at) const;

  std::vector<AddedToken> tokens_;
  std::vector<std::uint32_t> token_at_ = {kNoToken};           // by node; node 0 is the root
  std::unordered_map<std::uint64_t, std::uint32_t> children_;  // node << 8 | byte
  bool starts_[256] = {};
};

}  // namespace cairn::model
