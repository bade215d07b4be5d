#include "plugins/lib/curation/minhash.h"

#include <algorithm>
#include <limits>
#include <map>

#include "core/base/random.h"

namespace cairn::curation {

MinHasher::MinHasher(const MinHashOptions& options) {
  for (std::size_t i = 0; i < options.hashes; ++i) {
    RandomStream draws(options.seed, "minhash", {i});
    const std::uint64_t add = draws.next();
    keys_.push_back({add, draws.next() | 1});
  }
}

Signature MinHasher::operator()(const ShingleSet& set) const {
  Signature signature(keys_.size(), std::numeric_limits<std::uint64_t>::max());
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    for (const std::uint64_t shingle : set) {
      // A permutation of 64 bits: every step can be undone.
      std::uint64_t value = (shingle ^ keys_[i].add) * keys_[i].factor;
      value ^= value >> 32;
      value *= 0xd6e8feb86659fd93ULL;
      value ^= value >> 32;
      signature[i] = std::min(signature[i], value);
    }
  }
  return signature;
}

double estimated_jaccard(const Signature& a, const Signature& b) {
  std::size_t equal = 0;
  for (std::size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i] ? 1 : 0;
  return a.empty() ? 1 : static_cast<double>(equal) / static_cast<double>(a.size());
}

std::vector<std::pair<std::size_t, std::size_t>> candidate_pairs(
    const std::vector<Signature>& signatures, const MinHashOptions& options) {
  const std::size_t rows = options.hashes / options.bands;
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t band = 0; band < options.bands; ++band) {
    std::map<std::vector<std::uint64_t>, std::vector<std::size_t>> buckets;
    for (std::size_t i = 0; i < signatures.size(); ++i) {
      const auto begin = signatures[i].begin() + static_cast<std::ptrdiff_t>(band * rows);
      buckets[{begin, begin + static_cast<std::ptrdiff_t>(rows)}].push_back(i);
    }
    for (const auto& [key, members] : buckets) {
      for (std::size_t a = 0; a < members.size(); ++a) {
        for (std::size_t b = a + 1; b < members.size(); ++b) {
          pairs.emplace_back(members[a], members[b]);
        }
      }
    }
  }
  std::ranges::sort(pairs);
  const auto [first, last] = std::ranges::unique(pairs);
  pairs.erase(first, last);
  return pairs;
}

}  // namespace cairn::curation
