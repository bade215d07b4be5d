// The `summary` artifact of an evaluation: what reports read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/eval/item_result.h"

namespace cairn::eval {

// The mode in which nothing was generated here, so that nothing is known of tokens.
inline constexpr const char* kPredictionsMode = "predictions";

struct SummaryHead {
  std::string name;
  std::string mode;
  std::int64_t samples = 1;
  std::uint64_t seed = 0;
};

// Means over items with bootstrap 95 % intervals (RECIPE §6), over all and by task:
//   {"name", "n", "average", "ci95": [low, high], "tasks": {T: {"n", "mean", "ci95"}},
//    "well_formed", "abstentions", "seed", "items": [{"id", "task", "score"}, ... by id],
//    "loss", "loss_tokens", "too_long", "tokens_mean", "cut", "mode", "samples"}
// Items over the input limit stay in every n, with score 0. loss is the mean negative
// log-likelihood per token of the reference answers, in nats; null where none was measured.
// tokens_mean and cut are null for predictions made elsewhere.
// items must not be empty; any order.
[[nodiscard]] json::object summarise(const SummaryHead& head, std::vector<ItemResult> items);

}  // namespace cairn::eval
