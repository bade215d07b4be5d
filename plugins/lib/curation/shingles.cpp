#include "plugins/lib/curation/shingles.h"

#include <algorithm>

#include "core/base/text.h"
#include "plugins/lib/grade/answer.h"

namespace cairn::curation {
namespace {

std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

ShingleSet sorted_set(ShingleSet set) {
  std::ranges::sort(set);
  const auto [first, last] = std::ranges::unique(set);
  set.erase(first, last);
  return set;
}

ShingleSet ngrams(const std::vector<std::string>& words, std::size_t n, std::uint64_t salt) {
  ShingleSet set;
  if (words.empty()) return set;
  const std::size_t length = std::min(n, words.size());
  for (std::size_t i = 0; i + length <= words.size(); ++i) {
    std::string gram;
    for (std::size_t w = i; w < i + length; ++w) gram += words[w] + ' ';
    set.push_back(hash_text(gram, salt));
  }
  return sorted_set(std::move(set));
}

std::string key_of(const text::QaRecord& record, const std::string& answer) {
  const auto letter = grade::choice_letter(answer);
  if (letter && !record.choices.empty()) {
    const auto at = static_cast<std::size_t>(*letter - 'A');
    if (at < record.choices.size()) return grade::normalise(record.choices[at]);
  }
  return grade::normalise(answer);
}

}  // namespace

std::uint64_t hash_text(std::string_view text, std::uint64_t salt) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ mix(salt + 0x9e3779b97f4a7c15ULL);
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return mix(hash);
}

std::vector<std::string> words_of(std::string_view text) {
  const std::string normal = grade::normalise(text);
  std::vector<std::string> words;
  for (const std::string_view word : split(normal, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

ShingleSet word_ngrams(std::string_view text, std::size_t n, std::uint64_t salt) {
  return ngrams(words_of(text), n, salt);
}

ShingleSet padded_ngrams(std::string_view text, std::size_t n, std::uint64_t salt) {
  std::vector<std::string> words = words_of(text);
  if (words.empty()) return {};
  words.insert(words.begin(), n - 1, "\x01");
  words.insert(words.end(), n - 1, "\x02");
  return ngrams(words, n, salt);
}

ShingleSet merged(ShingleSet a, const ShingleSet& b) {
  a.insert(a.end(), b.begin(), b.end());
  return sorted_set(std::move(a));
}

double jaccard(const ShingleSet& a, const ShingleSet& b) {
  if (a.empty() && b.empty()) return 1;
  std::size_t shared = 0;
  for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
    if (*i == *j) {
      ++shared, ++i, ++j;
    } else if (*i < *j) {
      ++i;
    } else {
      ++j;
    }
  }
  return static_cast<double>(shared) / static_cast<double>(a.size() + b.size() - shared);
}

std::string evidence_text(const text::QaRecord& record) {
  const bool marked = std::ranges::any_of(record.documents, &text::ContextDocument::evidence);
  std::vector<std::string> texts;
  for (const auto& document : record.documents) {
    if (document.evidence || !marked) texts.push_back(document.text);
  }
  std::ranges::sort(texts);
  return join(texts, "\n");
}

std::string question_text(const text::QaRecord& record) {
  std::vector<std::string> choices = record.choices;
  std::ranges::sort(choices);
  return choices.empty() ? record.question : record.question + "\n" + join(choices, "\n");
}

std::vector<std::string> answer_keys(const text::QaRecord& record) {
  std::vector<std::string> keys;
  for (const auto& answer : record.answer) {
    std::string key = key_of(record, answer);
    if (!key.empty()) keys.push_back(std::move(key));
  }
  std::ranges::sort(keys);
  const auto [first, last] = std::ranges::unique(keys);
  keys.erase(first, last);
  return keys;
}

std::string canonical_answer_key(const text::QaRecord& record) {
  return record.answer.empty() ? "" : key_of(record, record.answer.front());
}

}  // namespace cairn::curation
