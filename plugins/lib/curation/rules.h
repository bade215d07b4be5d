// The filter that needs no model, rule by rule (RECIPE §2 "Curation").
#pragma once

#include "plugins/lib/curation/balance.h"
#include "plugins/lib/curation/contamination.h"
#include "plugins/lib/curation/duplicates.h"

namespace cairn::curation {

struct RuleOptions {
  NearDuplicateOptions near_duplicates;
  ContaminationOptions contamination;
  GuessOptions guess;
  bool split = true;               // by document; else everything is for training
  std::int64_t heldout_items = 0;  // drawn evenly over the tasks; 0: all
  std::int64_t training_items = 0;
  double task_ratio = 1;  // largest task over smallest, in training; 0: no limit
  std::uint64_t seed = 0;
};

struct Filtered {
  Records training;
  Records heldout;
};

// In this order, each step written to the ledger under its name:
//   answer           an accepted answer is there
//   exact_duplicate  near_duplicate
//   split            documents on one side; held-out records go to `heldout` with
//                    heldout_guess (the template's most frequent answer), heldout_draw
//   contamination    training against `heldout` and `evaluation`
//   guess  balance   of what is left for training
// Both results are sorted by id; the order of the input does not matter. Without `split`, heldout
// is `evaluation`.
[[nodiscard]] Result<Filtered> filter_by_rules(Records records, const Records& evaluation,
                                               const RuleOptions& options, Ledger& ledger);

// "no accepted answer" where none is left after normalisation.
[[nodiscard]] Verdicts unanswered(const Records& records);

}  // namespace cairn::curation
