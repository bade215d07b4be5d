// One rollout as the `rollouts` artifact holds it: its line of rollouts.jsonl and its token data.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/json.h"
#include "core/sdk/kinds/rollout_tokens.h"
#include "plugins/lib/model/tokenizer.h"
#include "plugins/lib/trainer/dataset.h"
#include "plugins/lib/trainer/params.h"
#include "plugins/lib/trainer/rollout.h"

namespace cairn::trainer {

// What training made of one trajectory.
struct Outcome {
  std::int64_t step = 0;
  std::size_t index = 0;  // within its group
  double reward = 0;      // as earned
  double advantage = 0;
  bool dropped = false;
};

[[nodiscard]] std::size_t token_count(const Trajectory& trajectory);
// Over the tokens of all turns; NaN where there are none.
[[nodiscard]] double mean_entropy(const Trajectory& trajectory);

// {"step","id","task","index","reward","advantage","entropy","tokens","dropped","prompt_tokens",
//  "finish","truncated","answer","response","turns"?}: finish is that of the last turn, "stop" or
// "length"; truncated says whether any turn was cut; answer is what was graded, null without one, a
// long one cut. turns is there when the trajectory reads: a list of {"chunk","documents","given"?,
// "memory","plan","memory_cut","prompt_tokens","tokens","finish"}, chunks counted from 1, and the
// answering turn without the first six. "given" {"memory","plan"} is left out where it is what the
// turn before wrote.
[[nodiscard]] json::object rollout_line(const Trajectory& trajectory, const Item& item,
                                        const Outcome& outcome, bool thinks);

// mask: I(i, t) of all turns' tokens, in order.
[[nodiscard]] RolloutTokens token_data(const Trajectory& trajectory,
                                       const std::vector<std::uint8_t>& mask,
                                       const model::Tokenizer& tokenizer);

// Of which groups of a step token data is recorded, given the tokens of each. kSample: the first
// ones of the batch while they hold at most `budget` tokens together, and one in any case.
[[nodiscard]] std::vector<bool> recorded_groups(const std::vector<std::size_t>& group_tokens,
                                                TokenRecords records, std::int64_t budget);

// Not a number or infinite has no place in JSON; null says that there is none.
[[nodiscard]] json::value finite(double value);

}  // namespace cairn::trainer
