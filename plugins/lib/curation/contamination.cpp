#include "plugins/lib/curation/contamination.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "plugins/lib/curation/shingles.h"
#include "plugins/lib/grade/answer.h"
#include "plugins/lib/text/partition.h"

namespace cairn::curation {
namespace {

// The n-grams of one kind of text on both sides, and who holds which.
class Overlap {
 public:
  Overlap(std::vector<ShingleSet> training, const std::vector<ShingleSet>& evaluated,
          std::int64_t common)
      : training_(std::move(training)) {
    std::unordered_map<std::uint64_t, std::int64_t> records;
    for (const auto* side : {&std::as_const(training_), &evaluated}) {
      for (const auto& set : *side) {
        for (const std::uint64_t gram : set) ++records[gram];
      }
    }
    for (auto& set : training_) {
      std::erase_if(set, [&](std::uint64_t gram) { return records.at(gram) > common; });
    }
    sizes_.resize(evaluated.size());
    for (std::size_t i = 0; i < evaluated.size(); ++i) {
      for (const std::uint64_t gram : evaluated[i]) {
        if (records.at(gram) > common) continue;
        holders_[gram].push_back(i);
        ++sizes_[i];
      }
    }
  }

  // The evaluated text that training text i overlaps most with, where it is enough.
  [[nodiscard]] std::optional<std::size_t> found(std::size_t i, double share) const {
    std::map<std::size_t, std::size_t> hits;
    for (const std::uint64_t gram : training_[i]) {
      const auto holders = holders_.find(gram);
      if (holders == holders_.end()) continue;
      for (const std::size_t holder : holders->second) ++hits[holder];
    }
    std::optional<std::size_t> best;
    double most = 0;
    for (const auto& [holder, count] : hits) {
      const std::size_t smaller = std::min(training_[i].size(), sizes_[holder]);
      const double overlap = static_cast<double>(count) / static_cast<double>(smaller);
      if (overlap >= share && overlap > most) best = holder, most = overlap;
    }
    return best;
  }

 private:
  std::vector<ShingleSet> training_;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> holders_;
  std::vector<std::size_t> sizes_;  // of the evaluated texts, common n-grams left out
};

std::vector<ShingleSet> question_sets(const Records& records, std::size_t words) {
  std::vector<ShingleSet> sets;
  for (const auto& record : records) sets.push_back(word_ngrams(question_text(record), words));
  return sets;
}

std::vector<ShingleSet> evidence_sets(const Records& records, std::size_t words) {
  std::vector<ShingleSet> sets;
  for (const auto& record : records) sets.push_back(word_ngrams(evidence_text(record), words));
  return sets;
}

}  // namespace

Side side_of(const text::QaRecord& record) {
  std::size_t held = 0;
  for (const auto& document : record.documents) held += text::held_out(document.id) ? 1 : 0;
  if (held == 0) return Side::kTraining;
  return held == record.documents.size() ? Side::kHeldOut : Side::kBoth;
}

Verdicts split_verdicts(const Records& records) {
  Verdicts verdicts(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (side_of(records[i]) == Side::kBoth) verdicts[i].reason = "documents on both sides";
  }
  return verdicts;
}

Verdicts contaminated(const Records& training, const Records& evaluated,
                      const ContaminationOptions& options) {
  std::unordered_set<std::string> ids, texts;
  for (const auto& record : evaluated) {
    for (const auto& document : record.documents) {
      ids.insert(document.id);
      const std::string text = grade::normalise(document.text);
      if (!text.empty()) texts.insert(text);
    }
  }
  const Overlap questions(question_sets(training, options.question_words),
                          question_sets(evaluated, options.question_words), options.common);
  const Overlap evidence(evidence_sets(training, options.evidence_words),
                         evidence_sets(evaluated, options.evidence_words), options.common);
  Verdicts verdicts(training.size());
  for (std::size_t i = 0; i < training.size(); ++i) {
    const auto seen = std::ranges::find_if(training[i].documents, [&](const auto& document) {
      return ids.contains(document.id) || texts.contains(grade::normalise(document.text));
    });
    if (seen != training[i].documents.end()) {
      verdicts[i] = {"evaluated document", seen->id};
    } else if (const auto question = questions.found(i, options.share)) {
      verdicts[i] = {"evaluated question", evaluated[*question].id};
    } else if (const auto text = evidence.found(i, options.share)) {
      verdicts[i] = {"evaluated evidence", evaluated[*text].id};
    }
  }
  return verdicts;
}

}  // namespace cairn::curation
