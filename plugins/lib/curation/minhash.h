// MinHash signatures, and pairs that are probably alike by locality-sensitive hashing.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "plugins/lib/curation/shingles.h"

namespace cairn::curation {

// hashes is a multiple of bands. A pair of likeness j becomes a candidate with probability
// 1 - (1 - j^(hashes / bands))^bands.
struct MinHashOptions {
  std::size_t hashes = 128;
  std::size_t bands = 32;
  std::uint64_t seed = 0;  // keys the hash functions
};

using Signature = std::vector<std::uint64_t>;

class MinHasher {
 public:
  explicit MinHasher(const MinHashOptions& options);
  // Entry i is the least value of the i-th hash function over the set; an empty set has the
  // greatest value everywhere.
  [[nodiscard]] Signature operator()(const ShingleSet& set) const;

 private:
  struct Key {
    std::uint64_t add;
    std::uint64_t factor;  // odd
  };
  std::vector<Key> keys_;
};

// The share of equal entries: an unbiased estimate of the sets' Jaccard likeness, with deviation
// sqrt(j (1 - j) / hashes).
[[nodiscard]] double estimated_jaccard(const Signature& a, const Signature& b);

// Pairs (i < j) that agree in all entries of at least one band; sorted, each once.
[[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> candidate_pairs(
    const std::vector<Signature>& signatures, const MinHashOptions& options);

}  // namespace cairn::curation
