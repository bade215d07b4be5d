// Token-level policy-gradient loss (RECIPE §3; DAPO's token mean, the paper's Eqs. 4 and 8).
//
// With one update per batch the importance ratio is 1, so the loss is a weighted sum of token
// log-probabilities: this file gives the weights, whatever computes the log-probabilities.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/rl/mask.h"

namespace cairn::rl {

// kBatch: divided by the token count of the whole batch. kGroup: each prompt's group divided by its
// own tokens, then the mean over prompts (the paper to the letter).
enum class LossNorm { kBatch, kGroup };
[[nodiscard]] Result<LossNorm> parse_loss_norm(const std::string& name);

struct LossOptions {
  LossNorm norm = LossNorm::kBatch;
  bool count_masked = true;    // masked tokens stay in N (Eq. 8)
  bool count_dropped = false;  // responses that AEPO dropped stay in N
};

struct LossBatch {
  std::vector<double> advantages;  // per response
  std::vector<std::size_t> group;  // per response: index of its prompt
  TokenMask mask;                  // per response and token: I(i, t)
  std::vector<std::uint8_t> keep;  // per response: 0 where AEPO dropped it
};

// w[i][t] such that L = sum over i, t of w[i][t] * rho[i][t], where rho = pi / stopgrad(pi) has the
// value 1 and the gradient of log pi. w is 0 where nothing flows.
[[nodiscard]] std::vector<std::vector<double>> loss_weights(const LossBatch& batch,
                                                            const LossOptions& options);

// Whether any token has a weight other than 0; if not, the update is skipped.
[[nodiscard]] bool has_signal(const std::vector<std::vector<double>>& weights);

// log softmax(logits / temperature)[token], the entropy of that softmax in nats, and
// d(log-probability)/d(logits).
struct TokenScore {
  double logprob = 0;
  double entropy = 0;
  std::vector<double> d_logits;
};
[[nodiscard]] TokenScore score_token(const std::vector<double>& logits, std::size_t token,
                                     double temperature);

}  // namespace cairn::rl
