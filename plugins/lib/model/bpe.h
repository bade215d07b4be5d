// Byte-pair encoding of single words.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cairn::model {

// Looks strings up without making one.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using TextIds = std::unordered_map<std::string, std::int32_t, TextHash, std::equal_to<>>;

// Ranks of pairs: a flat hash table, probed one after another, at most half full. A slot holds both
// ids and the rank in 64 bits.
class MergeRanks {
 public:
  static constexpr std::int32_t kNone = std::numeric_limits<std::int32_t>::max();
  static constexpr std::size_t kMostIds = (std::size_t{1} << 20) - 1;
  static constexpr std::size_t kMostRanks = (std::size_t{1} << 24) - 1;

  explicit MergeRanks(std::size_t most_pairs = 0);
  // A pair given twice has the later rank. Ids are below kMostIds, ranks below kMostRanks.
  void set(std::int32_t left, std::int32_t right, std::int32_t rank);
  [[nodiscard]] std::int32_t of(std::int32_t left, std::int32_t right) const {
    const std::uint64_t key = key_of(left, right);
    for (std::size_t at = place(key);; at = (at + 1) & mask_) {
      const std::uint64_t slot = slots_[at];
      if (slot >> kRankBits == key) return static_cast<std::int32_t>(slot & kMostRanks);
      if (slot == kEmpty) return kNone;
    }
  }

 private:
  static constexpr unsigned kRankBits = 24;
  static constexpr unsigned kIdBits = 20;
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};  // its rank is no rank
  static std::uint64_t key_of(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(left) << kIdBits | static_cast<std::uint64_t>(right);
  }
  [[nodiscard]] std::size_t place(std::uint64_t key) const {
    return static_cast<std::size_t>(key * 0x9e3779b97f4a7c15U >> 32) & mask_;
  }
  std::vector<std::uint64_t> slots_;
  std::size_t mask_;
};

// What one call of Bpe::encode works with: buffers, and the ids of short words seen before. The
// ids of a word do not depend on it. For one thread at a time and one Bpe only.
class BpeWorkspace {
 public:
  BpeWorkspace();

 private:
  friend class Bpe;
  static constexpr std::size_t kLongestKey = 22;
  static constexpr std::size_t kMostIds = 8;
  // A cache line.
  struct alignas(64) Entry {
    std::uint64_t hash = 0;
    std::array<std::int32_t, kMostIds> ids{};
    std::uint8_t size = 0;  // bytes of the word; 0: none yet
    std::uint8_t count = 0;
    std::array<char, kLongestKey> word{};
  };
  struct Symbol {
    std::int32_t id, previous, next;
  };
  // Ranks are looked for in blocks of this many.
  static constexpr std::size_t kBlock = 16;
  struct Candidate {
    std::int32_t rank, at, left, right;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };
  std::vector<Entry> entries_;
  std::vector<std::int32_t> ids_, ranks_, block_best_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
};

// Merges the pair of the lowest rank, leftmost first, until none is left. Immutable once filled.
class Bpe {
 public:
  std::array<std::int32_t, 256> byte_ids{};  // -1: the byte is left out
  std::array<bool, 256> unknown{};           // bytes that have the id of the unknown token
  bool fuse_unknown = false;                 // neighbouring unknown bytes become one token
  bool ignore_merges = false;                // a word that is a token is that token
  TextIds words;                             // tokens by their bytes
  MergeRanks ranks;
  std::vector<std::int32_t> merged;  // by rank: the id that a pair becomes

  // Call once, after the fields are filled.
  void finish();
  // Appends the ids of a word of at least one byte.
  void encode(std::string_view word, BpeWorkspace& work, std::vector<std::int64_t>& out) const;

 private:
  // The ids of a word, in work.ids_.
  void merge_word(std::string_view word, BpeWorkspace& work) const;
  // Searches the smallest rank of all blocks, then in its block: for all but long words faster than
  // a heap.
  void merge_short(BpeWorkspace& work) const;
  void merge_long(BpeWorkspace& work) const;

  std::vector<std::int32_t> byte_pairs_;  // ranks of pairs of bytes
  bool complete_ = false;                 // every byte is a symbol of its own
};

}  // namespace cairn::model
