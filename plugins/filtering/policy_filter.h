// The filter that asks the policy about to be trained (RECIPE §2 "Verification", "Curation").
#pragma once

#include "core/base/json.h"
#include "plugins/filtering/scorer.h"
#include "plugins/lib/curation/difficulty.h"
#include "plugins/lib/curation/rules.h"

namespace cairn::filtering {

struct PolicyOptions {
  ScoreOptions score;
  std::int64_t max_input_tokens = 20000;
  std::int64_t max_scored = 0;         // records asked about, drawn evenly over tasks; 0: all
  std::int64_t grounding_samples = 4;  // 0: no grounding
  double grounding_limit = 0;          // share that may be right without documents
  std::int64_t samples = 8;
  std::int64_t pass_k = 1;
  std::int64_t robustness_documents = 3;  // 0: no robustness
  curation::DifficultyOptions difficulty;
  std::int64_t training_items = 0;
  double task_ratio = 0;
  curation::ContaminationOptions contamination;
  std::uint64_t seed = 0;
};

struct PolicyFiltered {
  curation::Records training;  // sorted by id, pass_rate set
  // {"pass_rate":{task:{n,mean,bins:[…]}}} of all records that were asked about with their own
  // documents, before any was dropped for it.
  json::object difficulty;
};

// In this order, each step written to the ledger under its name:
//   answer  exact_duplicate  (records of several stages overlap)
//   contamination   against `evaluation`
//   input_limit     prompts over max_input_tokens
//   scored          beyond max_scored
//   grounding       right without documents in more than grounding_limit of the samples; what
//                   guessing among n choices gives, 1 / n, is added to the limit
//   robustness      right with its own documents, never among robustness_documents irrelevant ones
//   difficulty      see curation::by_difficulty
//   balance
// A record whose extended prompt has no room or no documents is kept and counted in a note.
[[nodiscard]] Result<PolicyFiltered> filter_by_policy(curation::Records records,
                                                      const curation::Records& evaluation,
                                                      const PolicyOptions& options, Scorer& scorer,
                                                      curation::Ledger& ledger);

}  // namespace cairn::filtering
