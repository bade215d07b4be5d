// What a loaded tokenizer holds; private to tokenizer*.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/lib/model/split_pattern.h"
#include "plugins/lib/model/tokenizer.h"

namespace cairn::model {

struct Merge {
  std::int32_t rank = 0;
  std::int32_t id = 0;  // what the pair becomes
};

inline std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool special = false;
};

struct Tokenizer::Impl {
  std::vector<std::string> bytes_of;                         // by id
  std::vector<bool> special;                                 // by id
  std::unordered_map<std::string, std::int32_t> id_of;       // as tokenizer.json spells them
  std::unordered_map<std::string, std::int32_t> id_of_word;  // BPE tokens by their bytes
  std::array<std::int32_t, 256> byte_ids{};                  // -1 where the vocabulary lacks one
  std::unordered_map<std::uint64_t, Merge> merges;
  std::vector<AddedToken> added;  // longest first
  std::array<bool, 256> starts_added{};
  std::vector<SplitPattern> patterns;  // applied one after another
  bool nfc = false;
  bool ignore_merges = false;

  void encode_plain(std::string_view text, std::vector<TokenId>& out) const;
  void encode_word(std::string_view word, std::vector<TokenId>& out) const;
};

struct TokenizerBuilder {
  using Impl = Tokenizer::Impl;
  static Tokenizer make(std::unique_ptr<Impl> impl) { return Tokenizer(std::move(impl)); }
};

}  // namespace cairn::model
