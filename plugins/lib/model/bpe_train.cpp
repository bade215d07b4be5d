#include "plugins/lib/model/bpe_train.h"

#include <algorithm>
#include <array>
#include <queue>
#include <thread>
#include <unordered_map>

#include "plugins/lib/model/bpe.h"
#include "plugins/lib/model/byte_alphabet.h"
#include "plugins/lib/model/normal_form.h"
#include "plugins/lib/model/piece_scanner.h"

namespace cairn::model {
namespace {

// Words that a merge touches, from which on it is worth the start of threads.
constexpr std::size_t kWorthThreads = 20'000;

// Calls `work(part)` for every part, each on a thread of its own.
template <typename Work>
void on_threads(std::size_t parts, const Work& work) {
  std::vector<std::jthread> threads;
  for (std::size_t part = 1; part < parts; ++part) threads.emplace_back([&, part] { work(part); });
  work(0);
}

// Ids of single bytes: by the order of their printable code points, as published vocabularies.
std::array<std::int32_t, 256> byte_order() {
  std::array<unsigned char, 256> bytes{};
  for (unsigned i = 0; i < 256; ++i) bytes[i] = static_cast<unsigned char>(i);
  std::sort(bytes.begin(), bytes.end(),
            [](unsigned char a, unsigned char b) { return alphabet_char(a) < alphabet_char(b); });
  std::array<std::int32_t, 256> id_of{};
  for (unsigned i = 0; i < 256; ++i) id_of[bytes[i]] = static_cast<std::int32_t>(i);
  return id_of;
}

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

using Counts = std::unordered_map<std::string, std::int64_t, TextHash, std::equal_to<>>;

void count_pieces(std::string_view text, const PieceScanner& scanner, Counts& counts) {
  const std::string normalized = nfc(lossy_utf8(text));
  const std::string_view whole = normalized;
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t end = scanner.end_of_piece(whole, at);
    const std::string_view piece = whole.substr(at, end - at);
    if (const auto found = counts.find(piece); found != counts.end()) {
      ++found->second;
    } else {
      counts.emplace(piece, 1);
    }
    at = end;
  }
}

class Learner {
 public:
  Learner(const std::vector<CountedWord>& words, unsigned threads)
      : threads_(std::max(threads, 1U)) {
    const std::array<std::int32_t, 256> id_of_byte = byte_order();
    learned_.tokens.resize(256);
    for (unsigned byte = 0; byte < 256; ++byte) {
      learned_.tokens[static_cast<std::size_t>(id_of_byte[byte])] = static_cast<char>(byte);
    }
    for (const CountedWord& word : words) {
      words_.push_back({symbols_.size(), word.text.size(), word.count});
      for (const char c : word.text) {
        symbols_.push_back(id_of_byte[static_cast<unsigned char>(c)]);
      }
    }
    Changes changes;
    for (std::size_t index = 0; index < words_.size(); ++index) {
      const Word& word = words_[index];
      for (std::size_t i = word.begin; i + 1 < word.begin + word.size; ++i) {
        changes.add(symbols_[i], symbols_[i + 1], word.count, index);
      }
    }
    apply(changes);
    push_fresh();
  }

  LearnedBpe run(std::size_t tokens_wanted) {
    while (learned_.tokens.size() < tokens_wanted && !heap_.empty()) {
      const Candidate best = heap_.top();
      heap_.pop();
      Pair& pair = pairs_.at(best.pair);
      if (pair.count != best.count) {  // it shrank since; a count grows in one step only
        if (pair.count > 1) heap_.push({pair.count, best.pair});
        continue;
      }
      if (best.count < 2) break;
      merge(best.pair, std::move(pair.words));
    }
    return std::move(learned_);
  }

 private:
  struct Word {
    std::size_t begin;  // in symbols_
    std::size_t size;
    std::int64_t count;
  };
  struct Pair {
    std::int64_t count = 0;
    std::vector<std::uint32_t> words;  // all that have it; some may have lost it, some are twice
  };
  struct Candidate {
    std::int64_t count;
    std::uint64_t pair;
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };
  // What a thread found to change.
  struct Changes {
    std::unordered_map<std::uint64_t, Pair> pairs;
    void add(std::int32_t left, std::int32_t right, std::int64_t count, std::size_t word) {
      Pair& pair = pairs[pair_key(left, right)];
      pair.count += count;
      const auto index = static_cast<std::uint32_t>(word);
      if (count > 0 && (pair.words.empty() || pair.words.back() != index)) {
        pair.words.push_back(index);
      }
    }
  };

  void apply(Changes& changes) {
    for (auto& [key, change] : changes.pairs) {
      const auto [entry, is_new] = pairs_.try_emplace(key);
      Pair& pair = entry->second;
      pair.count += change.count;
      if (pair.words.empty()) {
        pair.words = std::move(change.words);
      } else {
        pair.words.insert(pair.words.end(), change.words.begin(), change.words.end());
      }
      if (is_new) fresh_.push_back(key);
    }
    changes.pairs.clear();
  }

  // Replaces the pair in one word.
  void merge_in(std::size_t index, std::int32_t left, std::int32_t right, std::int32_t id,
                Changes& changes) {
    Word& word = words_[index];
    std::int32_t* const symbols = symbols_.data() + word.begin;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < word.size; ++i) {
      if (i + 1 == word.size || symbols[i] != left || symbols[i + 1] != right) {
        symbols[kept++] = symbols[i];
        continue;
      }
      changes.add(left, right, -word.count, index);
      if (kept > 0) {
        changes.add(symbols[kept - 1], left, -word.count, index);
        changes.add(symbols[kept - 1], id, word.count, index);
      }
      if (i + 2 < word.size) {
        changes.add(right, symbols[i + 2], -word.count, index);
        changes.add(id, symbols[i + 2], word.count, index);
      }
      symbols[kept++] = id;
      ++i;
    }
    word.size = kept;
  }

  void merge(std::uint64_t key, std::vector<std::uint32_t> touched) {
    const auto left = static_cast<std::int32_t>(key >> 32);
    const auto right = static_cast<std::int32_t>(key & 0xffffffffU);
    const auto id = static_cast<std::int32_t>(learned_.tokens.size());
    learned_.tokens.push_back(learned_.tokens[static_cast<std::size_t>(left)] +
                              learned_.tokens[static_cast<std::size_t>(right)]);
    learned_.merges.emplace_back(left, right);
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    const std::size_t parts = touched.size() < kWorthThreads ? 1 : threads_;
    std::vector<Changes> changes(parts);
    on_threads(parts, [&](std::size_t part) {
      const std::size_t end = touched.size() * (part + 1) / parts;
      for (std::size_t i = touched.size() * part / parts; i < end; ++i) {
        merge_in(touched[i], left, right, id, changes[part]);
      }
    });
    for (Changes& one : changes) apply(one);
    pairs_.erase(key);
    push_fresh();
  }

  void push_fresh() {
    for (const std::uint64_t pair : fresh_) {
      const auto found = pairs_.find(pair);
      if (found != pairs_.end() && found->second.count > 1) {
        heap_.push({found->second.count, pair});
      }
    }
    fresh_.clear();
  }

  std::size_t threads_;
  LearnedBpe learned_;
  std::vector<std::int32_t> symbols_;
  std::vector<Word> words_;
  std::unordered_map<std::uint64_t, Pair> pairs_;
  std::vector<std::uint64_t> fresh_;  // pairs that the step made
  std::priority_queue<Candidate> heap_;
};

}  // namespace

std::vector<CountedWord> count_words(const std::vector<std::string_view>& texts, unsigned threads) {
  const std::size_t parts =
      std::clamp<std::size_t>(threads, 1, std::max<std::size_t>(texts.size(), 1));
  const PieceScanner scanner(PieceScanner::Rule::kWords);
  std::vector<Counts> counts(parts);
  on_threads(parts, [&](std::size_t part) {
    for (std::size_t i = part; i < texts.size(); i += parts) {
      count_pieces(texts[i], scanner, counts[part]);
    }
  });
  for (std::size_t part = 1; part < parts; ++part) {
    for (const auto& [text, count] : counts[part]) counts[0][text] += count;
  }
  std::vector<CountedWord> words;
  words.reserve(counts[0].size());
  for (auto& [text, count] : counts[0]) words.push_back({text, count});
  std::sort(words.begin(), words.end(),
            [](const CountedWord& a, const CountedWord& b) { return a.text < b.text; });
  return words;
}

LearnedBpe learn_bpe(const std::vector<CountedWord>& words, std::size_t tokens_wanted,
                     unsigned threads) {
  return Learner(words, threads).run(tokens_wanted);
}

}  // namespace cairn::model
