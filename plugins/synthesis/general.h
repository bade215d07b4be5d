// Questions by a proposer, a solver and a verifier (RECIPE §2, "General QA").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/synthesis/audit.h"
#include "plugins/synthesis/item.h"
#include "plugins/synthesis/multihop.h"

namespace cairn::synthesis {

struct GeneralOptions {
  Wanted wanted;
  ContextLimits context{1, 4, 800};
  std::vector<std::string> tasks;  // of general_tasks(); empty: all
  double planted_wrong = 0.05;
  std::int64_t history = 3;  // length of the buffer; a cluster is asked one round more
  double max_fact_share = 0.5;
  std::int64_t max_answer_bytes = 40;
  std::uint64_t seed = 0;
};

// reading dialogue multiple_choice
[[nodiscard]] const std::vector<std::string>& general_tasks();

// The verifier's judgement: equal letters for multiple choice; else equal once normalised, or
// equal numbers where both are nothing but numbers.
[[nodiscard]] bool same_answer(std::string_view task, const std::string& prediction,
                               const std::string& answer);

// Keeps the pairs that the solver reached too. A share of the proposals is given a wrong answer
// first; if the verifier lets one of these pass, the whole stage fails. Planted pairs are never
// kept. The audit counts proposed, planted, planted_rejected, accepted.
[[nodiscard]] Result<Synthesis> make_general(const std::vector<text::Document>& documents,
                                             const GeneralOptions& options);

}  // namespace cairn::synthesis
