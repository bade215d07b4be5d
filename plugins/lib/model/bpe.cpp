#include "plugins/lib/model/bpe.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace cairn::model {
namespace {

constexpr std::size_t kEntries = 1 << 14;   // of a workspace's cache: 1 MiB
constexpr std::size_t kLongestShort = 256;  // symbols

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(const char* from, std::size_t count) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, count);
  return value;
}

// Of 1 to 24 bytes.
std::uint64_t hash_of(std::string_view word) {
  std::uint64_t hash = word.size() * 0x9e3779b97f4a7c15U;
  std::size_t at = 0;
  for (; at + 8 <= word.size(); at += 8) {
    hash = mix(hash ^ load(word.data() + at, 8), 0xbf58476d1ce4e5b9U);
  }
  return mix(hash ^ load(word.data() + at, word.size() - at), 0x94d049bb133111ebU);
}

}  // namespace

MergeRanks::MergeRanks(std::size_t most_pairs)
    : slots_(std::bit_ceil(2 * most_pairs + 2), kEmpty), mask_(slots_.size() - 1) {}

void MergeRanks::set(std::int32_t left, std::int32_t right, std::int32_t rank) {
  const std::uint64_t key = key_of(left, right);
  std::size_t at = place(key);
  while (slots_[at] != kEmpty && slots_[at] >> kRankBits != key) at = (at + 1) & mask_;
  slots_[at] = key << kRankBits | static_cast<std::uint64_t>(rank);
}

BpeWorkspace::BpeWorkspace() : entries_(kEntries) {}

void Bpe::finish() {
  complete_ = true;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (byte_ids[byte] < 0 || unknown[byte]) complete_ = false;
  }
  if (!complete_) return;
  byte_pairs_.resize(1 << 16);
  for (unsigned pair = 0; pair < 1 << 16; ++pair) {
    byte_pairs_[pair] = ranks.of(byte_ids[pair >> 8], byte_ids[pair & 0xff]);
  }
}

void Bpe::encode(std::string_view word, BpeWorkspace& work, std::vector<std::int64_t>& out) const {
  BpeWorkspace::Entry* entry = nullptr;
  std::uint64_t hash = 0;
  if (word.size() <= BpeWorkspace::kLongestKey) {
    hash = hash_of(word);
    entry = &work.entries_[hash & (kEntries - 1)];
    if (entry->hash == hash && entry->size == word.size() &&
        std::memcmp(entry->word.data(), word.data(), word.size()) == 0) {
      out.insert(out.end(), entry->ids.begin(), entry->ids.begin() + entry->count);
      return;
    }
  }
  merge_word(word, work);
  out.insert(out.end(), work.ids_.begin(), work.ids_.end());
  if (entry == nullptr || work.ids_.size() > BpeWorkspace::kMostIds) return;
  entry->hash = hash;
  entry->size = static_cast<std::uint8_t>(word.size());
  entry->count = static_cast<std::uint8_t>(work.ids_.size());
  std::copy(work.ids_.begin(), work.ids_.end(), entry->ids.begin());
  std::copy(word.begin(), word.end(), entry->word.begin());
}

void Bpe::merge_word(std::string_view word, BpeWorkspace& work) const {
  std::vector<std::int32_t>& ids = work.ids_;
  ids.clear();
  if (ignore_merges) {
    if (const auto whole = words.find(word); whole != words.end()) {
      ids.push_back(whole->second);
      return;
    }
  }
  bool after_unknown = false;
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte_ids[byte] < 0) continue;
    if (!(fuse_unknown && after_unknown && unknown[byte])) ids.push_back(byte_ids[byte]);
    after_unknown = unknown[byte];
  }
  if (ids.size() < 2) return;
  std::vector<std::int32_t>& pairs = work.ranks_;
  pairs.resize(ids.size() - 1);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = complete_ ? byte_pairs_[static_cast<unsigned char>(word[i]) << 8 |
                                       static_cast<unsigned char>(word[i + 1])]
                         : ranks.of(ids[i], ids[i + 1]);
  }
  if (ids.size() <= kLongestShort) {
    merge_short(work);
  } else {
    merge_long(work);
  }
}

void Bpe::merge_short(BpeWorkspace& work) const {
  constexpr std::size_t kBlock = BpeWorkspace::kBlock;
  const auto count = static_cast<std::int32_t>(work.ids_.size());
  std::vector<BpeWorkspace::Symbol>& symbols = work.symbols_;
  symbols.resize(work.ids_.size());
  for (std::int32_t i = 0; i < count; ++i) {
    symbols[static_cast<std::size_t>(i)] = {work.ids_[static_cast<std::size_t>(i)], i - 1, i + 1};
  }
  const std::size_t blocks = (work.ranks_.size() + kBlock) / kBlock;
  work.ranks_.resize(blocks * kBlock, MergeRanks::kNone);
  work.block_best_.resize(blocks);
  std::int32_t* const pairs = work.ranks_.data();  // by the left symbol
  std::int32_t* const block_best = work.block_best_.data();
  const auto update_block = [&](std::size_t block) {
    const std::int32_t* const in = pairs + block * kBlock;
    std::int32_t best = in[0];
    for (std::size_t i = 1; i < kBlock; ++i) best = std::min(best, in[i]);
    block_best[block] = best;
  };
  for (std::size_t block = 0; block < blocks; ++block) update_block(block);
  const auto symbol = [&](std::int32_t at) -> BpeWorkspace::Symbol& {
    return symbols[static_cast<std::size_t>(at)];
  };
  for (;;) {
    std::size_t block = 0;
    for (std::size_t i = 1; i < blocks; ++i) {
      if (block_best[i] < block_best[block]) block = i;
    }
    const std::int32_t best = block_best[block];
    if (best == MergeRanks::kNone) break;
    std::size_t place = block * kBlock;
    while (pairs[place] != best) ++place;
    const auto at = static_cast<std::int32_t>(place);
    BpeWorkspace::Symbol& left = symbol(at);
    const std::int32_t gone = left.next;
    left.id = merged[static_cast<std::size_t>(best)];
    left.next = symbol(gone).next;
    pairs[gone] = MergeRanks::kNone;
    pairs[at] = MergeRanks::kNone;
    if (left.next < count) {
      symbol(left.next).previous = at;
      pairs[at] = ranks.of(left.id, symbol(left.next).id);
    }
    if (left.previous >= 0) {
      pairs[left.previous] = ranks.of(symbol(left.previous).id, left.id);
      const std::size_t previous_block = static_cast<std::size_t>(left.previous) / kBlock;
      if (previous_block != block) update_block(previous_block);
    }
    const std::size_t gone_block = static_cast<std::size_t>(gone) / kBlock;
    if (gone_block != block) update_block(gone_block);
    update_block(block);
  }
  work.ids_.clear();
  for (std::int32_t at = 0; at < count; at = symbol(at).next) work.ids_.push_back(symbol(at).id);
}

// Symbols form a linked list; the heap may hold pairs that are gone, recognised by their ids.
void Bpe::merge_long(BpeWorkspace& work) const {
  std::vector<BpeWorkspace::Symbol>& symbols = work.symbols_;
  std::vector<BpeWorkspace::Candidate>& heap = work.heap_;
  const auto symbol = [&](std::int32_t at) -> BpeWorkspace::Symbol& {
    return symbols[static_cast<std::size_t>(at)];
  };
  symbols.clear();
  heap.clear();
  for (std::size_t i = 0; i < work.ids_.size(); ++i) {
    const auto at = static_cast<std::int32_t>(i);
    symbols.push_back({work.ids_[i], at - 1, at + 1});
    if (i < work.ranks_.size() && work.ranks_[i] != MergeRanks::kNone) {
      heap.push_back({work.ranks_[i], at, work.ids_[i], work.ids_[i + 1]});
    }
  }
  symbols.back().next = -1;
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  const auto consider = [&](std::int32_t left) {
    if (left < 0 || symbol(left).next < 0) return;
    const std::int32_t a = symbol(left).id;
    const std::int32_t b = symbol(symbol(left).next).id;
    const std::int32_t rank = ranks.of(a, b);
    if (rank == MergeRanks::kNone) return;
    heap.push_back({rank, left, a, b});
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
  };
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const BpeWorkspace::Candidate best = heap.back();
    heap.pop_back();
    BpeWorkspace::Symbol& left = symbol(best.at);
    if (left.id != best.left || left.next < 0) continue;
    BpeWorkspace::Symbol& right = symbol(left.next);
    if (right.id != best.right) continue;
    left.id = merged[static_cast<std::size_t>(best.rank)];
    right.id = -1;
    left.next = right.next;
    if (right.next >= 0) symbol(right.next).previous = best.at;
    consider(left.previous);
    consider(best.at);
  }
  work.ids_.clear();
  for (std::int32_t at = 0; at >= 0; at = symbol(at).next) work.ids_.push_back(symbol(at).id);
}

}  // namespace cairn::model
