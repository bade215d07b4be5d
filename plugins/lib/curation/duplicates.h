// Records that say what another one says.
#pragma once

#include "core/base/result.h"
#include "plugins/lib/curation/ledger.h"
#include "plugins/lib/curation/minhash.h"

namespace cairn::curation {

// "exact duplicate", of the id in the detail: the same question, choices and documents up to case,
// punctuation, articles, white space and order of documents and choices. The first of the given
// order stays. Two different records under one id are an error.
[[nodiscard]] Result<Verdicts> exact_duplicates(const Records& records);

struct NearDuplicateOptions {
  std::size_t words = 3;    // in a shingle
  double threshold = 0.85;  // Jaccard likeness from which two texts are alike
  MinHashOptions min_hash;
};

// "near duplicate", of the id in the detail: alike in the question and alike in the evidence, and
// with the same answer or the very same question. Questions of one template about different
// documents differ in the evidence; those about different fields of one document differ in the
// question or the answer, so templates do not make duplicates. Candidates come from MinHash over
// both parts together, whose likeness is at least the lesser of the two; they are then compared
// exactly. The first stays.
[[nodiscard]] Verdicts near_duplicates(const Records& records, const NearDuplicateOptions& options);

}  // namespace cairn::curation
