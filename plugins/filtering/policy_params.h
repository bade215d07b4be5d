// The parameters of filtering that only a policy needs, and what they resolve to.
#pragma once

#include <vector>

#include "core/sdk/stage.h"
#include "plugins/filtering/policy_filter.h"

namespace cairn::filtering {

// A member of a stage; declares its parameters on construction.
class PolicyParams {
 public:
  explicit PolicyParams(Stage* stage);
  // After the stage was bound. Leaves what the stage shares with its other mode (contamination,
  // task_ratio, training_items) at its defaults. Errors name what does not fit together.
  [[nodiscard]] Result<PolicyOptions> resolve(std::uint64_t seed) const;

 private:
  Param<Tokens> max_input_tokens_;
  Param<Tokens> max_output_tokens_;
  Param<Tokens> batch_tokens_;
  Param<double> temperature_;
  Param<double> top_p_;
  Param<bool> thinks_;
  Param<double> pass_reward_;
  Param<std::int64_t> max_scored_;
  Param<std::int64_t> grounding_samples_;
  Param<double> grounding_limit_;
  Param<std::int64_t> samples_;
  Param<std::int64_t> pass_k_;
  Param<std::int64_t> robustness_documents_;
  Param<std::vector<double>> keep_between_;
  Param<std::int64_t> bins_;
  Param<std::int64_t> items_per_task_;
  Param<double> bin_ratio_;
  Param<bool> retrospective_;
};

}  // namespace cairn::filtering
