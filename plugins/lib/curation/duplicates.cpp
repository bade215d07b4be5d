#include "plugins/lib/curation/duplicates.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/base/text.h"
#include "plugins/lib/grade/answer.h"

namespace cairn::curation {
namespace {

constexpr std::uint64_t kQuestion = 1;
constexpr std::uint64_t kEvidence = 2;

std::string content_key(const text::QaRecord& record) {
  std::vector<std::string> parts = {grade::normalise(question_text(record))};
  std::vector<std::string> documents;
  for (const auto& document : record.documents) {
    documents.push_back(grade::normalise(document.title) + '\n' + grade::normalise(document.text));
  }
  std::ranges::sort(documents);
  parts.insert(parts.end(), documents.begin(), documents.end());
  return join(parts, "\f");
}

bool share_an_element(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::any_of(
      a, [&](const std::string& key) { return std::ranges::binary_search(b, key); });
}

struct Outline {
  std::string question;
  std::vector<std::string> answers;
  ShingleSet question_shingles;
  ShingleSet evidence_shingles;
};

bool alike(const Outline& a, const Outline& b, double threshold) {
  return jaccard(a.question_shingles, b.question_shingles) >= threshold &&
         jaccard(a.evidence_shingles, b.evidence_shingles) >= threshold &&
         (a.question == b.question || share_an_element(a.answers, b.answers));
}

}  // namespace

Result<Verdicts> exact_duplicates(const Records& records) {
  Verdicts verdicts(records.size());
  std::unordered_map<std::string, std::size_t> by_content;
  std::map<std::string, std::string> content_of_id;
  for (std::size_t i = 0; i < records.size(); ++i) {
    std::string key = content_key(records[i]);
    const auto [known, fresh_id] = content_of_id.emplace(records[i].id, key);
    if (!fresh_id && known->second != key) {
      return invalid_argument("two different records have the id '" + records[i].id + "'",
                              "give every record of all inputs an id of its own");
    }
    const auto [first, fresh] = by_content.emplace(std::move(key), i);
    if (!fresh) verdicts[i] = {"exact duplicate", records[first->second].id};
  }
  return verdicts;
}

Verdicts near_duplicates(const Records& records, const NearDuplicateOptions& options) {
  const MinHasher hasher(options.min_hash);
  std::vector<Outline> outlines;
  std::vector<Signature> signatures;
  for (const auto& record : records) {
    Outline outline;
    const std::string question = question_text(record);
    outline.question = grade::normalise(question);
    outline.answers = answer_keys(record);
    outline.question_shingles = padded_ngrams(question, options.words, kQuestion);
    outline.evidence_shingles = padded_ngrams(evidence_text(record), options.words, kEvidence);
    signatures.push_back(hasher(merged(outline.question_shingles, outline.evidence_shingles)));
    outlines.push_back(std::move(outline));
  }
  Verdicts verdicts(records.size());
  for (const auto& [first, second] : candidate_pairs(signatures, options.min_hash)) {
    if (!verdicts[first].keeps() || !verdicts[second].keeps()) continue;
    if (alike(outlines[first], outlines[second], options.threshold)) {
      verdicts[second] = {"near duplicate", records[first].id};
    }
  }
  return verdicts;
}

}  // namespace cairn::curation
