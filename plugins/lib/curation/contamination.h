// Keeping what is trained on apart from what is evaluated.
#pragma once

#include "plugins/lib/curation/ledger.h"

namespace cairn::curation {

enum class Side { kTraining, kHeldOut, kBoth };

// Where text::held_out puts the record's documents; without documents: training.
[[nodiscard]] Side side_of(const text::QaRecord& record);

// "documents on both sides" for records that no side may have.
[[nodiscard]] Verdicts split_verdicts(const Records& records);

struct ContaminationOptions {
  std::size_t question_words = 5;  // in an n-gram
  std::size_t evidence_words = 8;
  double share = 0.8;        // from here on two texts overlap too much
  std::int64_t common = 10;  // n-grams of more records than this say nothing
};

// What of `training` gives the evaluation away:
//   "evaluated document"  a document that also stands there, by id or by text
//   "evaluated question"  its n-grams overlap with those of one evaluated question
//   "evaluated evidence"  its n-grams overlap with those of one evaluated evidence
// Overlap is the shared part of the smaller of the two sets, so that a text around a copy, or a
// part of it, is seen.
// N-grams that occur in more than `common` records of both sides together are the templates' and
// the formats' own words, and are ignored, as is a text that has no others.
[[nodiscard]] Verdicts contaminated(const Records& training, const Records& evaluated,
                                    const ContaminationOptions& options);

}  // namespace cairn::curation
