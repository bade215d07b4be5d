#include "plugins/lib/trainer/params.h"

namespace cairn::trainer {

RlParams::RlParams(Stage* stage)
    : steps_(stage, "steps", 40, "Batches, with one update each", AtLeast{1}),
      batch_(stage, "batch", 16, "Prompts per batch", AtLeast{1}),
      group_size_(stage, "group_size", 8, "Responses per prompt (G)", AtLeast{2}),
      learning_rate_(stage, "learning_rate", 2e-6, "Constant learning rate of AdamW",
                     Range{0.0, 1.0}),
      grad_clip_(stage, "grad_clip", 1.0, "Largest 2-norm of the gradient; 0 for no limit",
                 AtLeast{0}),
      weight_decay_(stage, "weight_decay", 0.0, "Decoupled weight decay", AtLeast{0}),
      betas_(stage, "betas", {0.9, 0.999}, "The two decay rates of AdamW", Range{0.0, 1.0}),
      temperature_(stage, "temperature", 0.7,
                   "Sampling temperature; also that of log-probabilities and entropies",
                   Range{0.01, 10.0}),
      top_p_(stage, "top_p", 0.95, "Probability mass that sampling draws from", Range{0.01, 1.0}),
      max_input_tokens_(stage, "max_input_tokens", Tokens{20000},
                        "Samples with a longer prompt are left out", AtLeast{1}),
      max_output_tokens_(stage, "max_output_tokens", Tokens{12000},
                         "Responses are cut here and scored as they stand", AtLeast{1}),
      advantage_(stage, "advantage", "task", "Over which rewards the standard deviation is taken",
                 Choices{{"group", "task", "batch"}}),
      loss_norm_(stage, "loss_norm", "batch",
                 "batch: token mean of the batch; group: the paper's Eq. 4 and 8 to the letter",
                 Choices{{"batch", "group"}}),
      count_masked_(stage, "count_masked", true, "Whether clipped tokens stay in the token count"),
      clip_(stage, "clip_negative", "none",
            "Which negative gradients are clipped by entropy (Eqs. 8 and 9, Table 4)",
            Choices{{"none", "high_token", "high_sequence", "low_token", "low_sequence"}}),
      clip_share_(stage, "clip_share", 0.2, "Share of the batch beyond the clipping threshold",
                  Range{0.0, 1.0}),
      clip_tau_(stage, "clip_tau", -1.0,
                "Absolute clipping threshold in nats; negative: use clip_share"),
      aepo_(stage, "aepo", true, "Adaptive entropy control: drop negative samples above the band"),
      aepo_low_(stage, "aepo_low", 0.1, "Lower end of the entropy band, nats", AtLeast{0}),
      aepo_high_(stage, "aepo_high", 0.3, "Upper end of the entropy band, nats", AtLeast{0}),
      aepo_count_(stage, "aepo_count", "leave",
                  "Whether samples that AEPO drops leave the token count or stay in it",
                  Choices{{"leave", "count"}}),
      balanced_(stage, "balanced", true, "Draw the same number of samples of every task"),
      permute_rewards_(stage, "permute_rewards", false,
                       "Control experiment: permute the rewards inside each batch"),
      checkpoint_every_(stage, "checkpoint_every", 5, "Steps between checkpoints", AtLeast{1}),
      micro_batch_tokens_(stage, "micro_batch_tokens", Tokens{16384},
                          "Tokens per forward and backward pass; results do not depend on groups "
                          "being split, beyond rounding",
                          AtLeast{1}),
      thinks_(stage, "thinks", false, "The model thinks: grade what follows the last </think>"),
      rollout_tokens_(stage, "rollout_tokens", TokenRecords::kSample,
                      "Of which rollouts every token is recorded, with its log-probability and "
                      "entropy (4 significant digits, at most 4 decimals) and loss mask: all; "
                      "sample: of the first groups of each step, see rollout_sample_tokens; none"),
      rollout_sample_tokens_(stage, "rollout_sample_tokens", Tokens{262144},
                             "With rollout_tokens: sample, whole groups of each step are recorded "
                             "while they hold at most this many tokens, and one in any case; a "
                             "token takes about 17 bytes",
                             AtLeast{1}) {}

EnumNames<TokenRecords> param_values(TokenRecords) {
  return {{TokenRecords::kAll, "all"},
          {TokenRecords::kSample, "sample"},
          {TokenRecords::kNone, "none"}};
}

namespace {

std::optional<rl::MaskRule> mask_rule(const std::string& name, double share, double tau) {
  if (name == "none") return std::nullopt;
  rl::MaskRule rule;
  rule.level =
      name.ends_with("token") ? rl::MaskRule::Level::kToken : rl::MaskRule::Level::kSequence;
  rule.side = name.starts_with("high") ? rl::MaskRule::Side::kHigh : rl::MaskRule::Side::kLow;
  rule.share = share;
  if (tau >= 0) rule.tau = tau;
  return rule;
}

}  // namespace

Result<RlOptions> RlParams::resolve() const {
  if (*aepo_low_ > *aepo_high_) {
    return invalid_argument("aepo_low is above aepo_high", "give a band such as 0.1 and 0.3");
  }
  if (betas_->size() != 2) return invalid_argument("betas needs two numbers");
  RlOptions options;
  options.steps = *steps_;
  options.batch = static_cast<std::size_t>(*batch_);
  options.group_size = static_cast<std::size_t>(*group_size_);
  options.learning_rate = *learning_rate_;
  options.grad_clip = *grad_clip_;
  options.adamw = {.beta1 = (*betas_)[0], .beta2 = (*betas_)[1], .weight_decay = *weight_decay_};
  options.temperature = *temperature_;
  options.top_p = *top_p_;
  options.max_input_tokens = max_input_tokens_->count;
  options.max_output_tokens = max_output_tokens_->count;
  CAIRN_ASSIGN(options.advantage, rl::parse_advantage_mode(*advantage_));
  CAIRN_ASSIGN(options.loss.norm, rl::parse_loss_norm(*loss_norm_));
  options.loss.count_masked = *count_masked_;
  options.loss.count_dropped = *aepo_count_ == "count";
  options.mask = mask_rule(*clip_, *clip_share_, *clip_tau_);
  options.aepo = *aepo_;
  options.aepo_low = *aepo_low_;
  options.aepo_high = *aepo_high_;
  options.balanced = *balanced_;
  options.permute_rewards = *permute_rewards_;
  options.checkpoint_every = *checkpoint_every_;
  options.micro_batch_tokens = micro_batch_tokens_->count;
  options.thinks = *thinks_;
  options.rollout_tokens = *rollout_tokens_;
  options.rollout_sample_tokens = rollout_sample_tokens_->count;
  return options;
}

}  // namespace cairn::trainer
