#include "plugins/lib/curation/extension.h"

#include <algorithm>
#include <map>

#include "core/base/random.h"
#include "plugins/lib/grade/answer.h"

namespace cairn::curation {
namespace {

constexpr std::size_t kEvidenceWords = 5;
constexpr double kEvidenceShare = 0.5;

bool holds_words(const std::string& normal_text, const std::string& normal_phrase) {
  if (normal_phrase.empty()) return false;
  return (" " + normal_text + " ").find(" " + normal_phrase + " ") != std::string::npos;
}

// What of a record its extension must not repeat.
struct Needed {
  explicit Needed(const text::QaRecord& record)
      : phrases(answer_keys(record)), evidence(word_ngrams(evidence_text(record), kEvidenceWords)) {
    for (const auto& document : record.documents) {
      ids.insert(document.id);
      texts.insert(grade::normalise(document.text));
      if (document.evidence) phrases.push_back(grade::normalise(document.title));
    }
  }
  std::vector<std::string> phrases;
  std::set<std::string> ids;
  std::set<std::string> texts;
  ShingleSet evidence;
};

double share_within(const ShingleSet& of, const ShingleSet& in) {
  if (of.empty()) return 0;
  std::vector<std::uint64_t> shared;
  std::ranges::set_intersection(of, in, std::back_inserter(shared));
  return static_cast<double>(shared.size()) / static_cast<double>(of.size());
}

}  // namespace

DocumentPool::DocumentPool(const Records& records) {
  std::map<std::string, Entry> by_id;
  for (const auto& record : records) {
    for (const auto& document : record.documents) {
      const auto [found, fresh] = by_id.try_emplace(document.id);
      found->second.domains.insert(record.domain);
      if (!fresh) continue;
      found->second.document = document;
      found->second.document.evidence = false;
      found->second.normal_text = grade::normalise(document.text);
      found->second.normal_all = grade::normalise(document.title + "\n" + document.text);
      found->second.shingles = word_ngrams(document.text, kEvidenceWords);
    }
  }
  for (auto& [id, entry] : by_id) entries_.push_back(std::move(entry));
}

std::optional<text::QaRecord> DocumentPool::extend(const text::QaRecord& record, std::size_t count,
                                                   std::uint64_t seed) const {
  const Needed needed(record);
  const auto irrelevant = [&](const Entry& entry) {
    return !entry.domains.contains(record.domain) && !needed.ids.contains(entry.document.id) &&
           !needed.texts.contains(entry.normal_text) &&
           std::ranges::none_of(
               needed.phrases,
               [&](const auto& phrase) { return holds_words(entry.normal_all, phrase); }) &&
           share_within(needed.evidence, entry.shingles) < kEvidenceShare;
  };
  RandomStream draws(derive_seed(seed, "extend", {record.seed, hash_text(record.id)}), "order");
  std::vector<std::size_t> order(entries_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  draws.shuffle(order);

  text::QaRecord extended = record;
  for (const std::size_t i : order) {
    if (extended.documents.size() == record.documents.size() + count) break;
    if (!irrelevant(entries_[i])) continue;
    const auto at = static_cast<std::ptrdiff_t>(draws.below(extended.documents.size() + 1));
    extended.documents.insert(extended.documents.begin() + at, entries_[i].document);
  }
  if (extended.documents.size() < record.documents.size() + count) return std::nullopt;
  return extended;
}

}  // namespace cairn::curation
