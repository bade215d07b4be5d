// Texts as sets of word n-grams, each a 64-bit hash: what likeness of texts is measured on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/text/records.h"

namespace cairn::curation {

// Sorted, without repetition.
using ShingleSet = std::vector<std::uint64_t>;

// FNV-1a with a final mix, so that all bits of short texts differ; the same on every machine.
[[nodiscard]] std::uint64_t hash_text(std::string_view text, std::uint64_t salt = 0);

// Words of grade::normalise(text).
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

// n-grams of words, n >= 1. A text of fewer than n words has one: all of it; an empty text none.
[[nodiscard]] ShingleSet word_ngrams(std::string_view text, std::size_t n, std::uint64_t salt = 0);
// The same with n - 1 marks before and after the text, so that its first and last word weigh as
// much as any other. An empty text has none.
[[nodiscard]] ShingleSet padded_ngrams(std::string_view text, std::size_t n,
                                       std::uint64_t salt = 0);

[[nodiscard]] ShingleSet merged(ShingleSet a, const ShingleSet& b);
// |a ∩ b| / |a ∪ b|; 1 for two empty sets.
[[nodiscard]] double jaccard(const ShingleSet& a, const ShingleSet& b);

// Texts of the evidence documents, each on lines of its own, ordered by text: how the documents
// are arranged does not matter. All documents where none is marked as evidence.
[[nodiscard]] std::string evidence_text(const text::QaRecord& record);
// The question with its choices, in the alphabetical order of the choices.
[[nodiscard]] std::string question_text(const text::QaRecord& record);
// The accepted answers, normalised, sorted; a choice's letter is replaced by the choice's text.
[[nodiscard]] std::vector<std::string> answer_keys(const text::QaRecord& record);
// The same of the canonical answer alone; "" where there is none.
[[nodiscard]] std::string canonical_answer_key(const text::QaRecord& record);

}  // namespace cairn::curation
