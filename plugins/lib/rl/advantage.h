// Group-relative advantages (RECIPE §3; QwenLong-L1.5, arXiv 2512.12967, Eqs. 3 and 7).
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"

namespace cairn::rl {

// Over which rewards the deviation is taken; the mean is always that of the prompt's own group.
enum class AdvantageMode { kGroup, kTask, kBatch };

[[nodiscard]] Result<AdvantageMode> parse_advantage_mode(const std::string& name);

// One prompt of a batch and the rewards of its G responses.
struct PromptRewards {
  std::string task;
  std::vector<double> rewards;
};

// A_i = (r_i - mean of the group) / (std + 1e-6), std unbiased (n - 1) over the group, over all
// rewards of the task in the batch, or over the batch. Where std is 0 or undefined (fewer than two
// rewards), A = 0. The result has the layout of the input.
[[nodiscard]] std::vector<std::vector<double>> advantages(const std::vector<PromptRewards>& batch,
                                                          AdvantageMode mode);

}  // namespace cairn::rl
