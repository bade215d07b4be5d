// The parameters that every RL stage declares (RECIPE §1 and §3), and what they resolve to.
#pragma once

#include <optional>

#include "core/sdk/stage.h"
#include "plugins/lib/model/optimizer.h"
#include "plugins/lib/rl/advantage.h"
#include "plugins/lib/rl/loss.h"
#include "plugins/lib/rl/mask.h"

namespace cairn::trainer {

// Of which rollouts the token data is recorded.
enum class TokenRecords { kAll, kSample, kNone };
[[nodiscard]] EnumNames<TokenRecords> param_values(TokenRecords);

struct RlOptions {
  std::int64_t steps = 0;
  std::size_t batch = 0;
  std::size_t group_size = 0;
  double learning_rate = 0;
  double grad_clip = 0;
  model::AdamWOptions adamw;
  double temperature = 1;
  double top_p = 1;
  std::int64_t max_input_tokens = 0;
  std::int64_t max_output_tokens = 0;
  rl::AdvantageMode advantage = rl::AdvantageMode::kTask;
  rl::LossOptions loss;
  std::optional<rl::MaskRule> mask;
  bool aepo = false;
  double aepo_low = 0;
  double aepo_high = 0;
  bool balanced = true;
  bool permute_rewards = false;
  std::int64_t checkpoint_every = 1;
  std::int64_t micro_batch_tokens = 0;
  bool thinks = false;
  TokenRecords rollout_tokens = TokenRecords::kSample;
  std::int64_t rollout_sample_tokens = 0;  // per step, for kSample
};

// A member of a stage; declares its parameters on construction.
class RlParams {
 public:
  explicit RlParams(Stage* stage);
  // After the stage was bound. Errors name what does not fit together.
  [[nodiscard]] Result<RlOptions> resolve() const;

 private:
  Param<std::int64_t> steps_;
  Param<std::int64_t> batch_;
  Param<std::int64_t> group_size_;
  Param<double> learning_rate_;
  Param<double> grad_clip_;
  Param<double> weight_decay_;
  Param<std::vector<double>> betas_;
  Param<double> temperature_;
  Param<double> top_p_;
  Param<Tokens> max_input_tokens_;
  Param<Tokens> max_output_tokens_;
  Param<std::string> advantage_;
  Param<std::string> loss_norm_;
  Param<bool> count_masked_;
  Param<std::string> clip_;
  Param<double> clip_share_;
  Param<double> clip_tau_;
  Param<bool> aepo_;
  Param<double> aepo_low_;
  Param<double> aepo_high_;
  Param<std::string> aepo_count_;
  Param<bool> balanced_;
  Param<bool> permute_rewards_;
  Param<std::int64_t> checkpoint_every_;
  Param<Tokens> micro_batch_tokens_;
  Param<bool> thinks_;
  Param<TokenRecords> rollout_tokens_;
  Param<Tokens> rollout_sample_tokens_;
};

}  // namespace cairn::trainer
