// Learning byte-pair merges from counted words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn::model {

struct CountedWord {
  std::string text;
  std::int64_t count = 0;
};

struct LearnedBpe {
  std::vector<std::string> tokens;                            // by id: their bytes; 256 bytes first
  std::vector<std::pair<std::int32_t, std::int32_t>> merges;  // in the order they were learned
};

// The pieces that Qwen2's pattern cuts the texts into, NFC-normalised, ordered by their bytes.
[[nodiscard]] std::vector<CountedWord> count_words(const std::vector<std::string_view>& texts,
                                                   unsigned threads);

// Joins the most frequent pair, of equals that of the lower ids, until there are `tokens_wanted`
// tokens or no pair occurs twice. Counts of pairs are kept up to date as words change, so a merge
// costs what it touches. The result does not depend on the number of threads.
[[nodiscard]] LearnedBpe learn_bpe(const std::vector<CountedWord>& words, std::size_t tokens_wanted,
                                   unsigned threads);

}  // namespace cairn::model
