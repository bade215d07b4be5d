#include "plugins/lib/rl/loss.h"

#include <algorithm>
#include <cmath>

namespace cairn::rl {

Result<LossNorm> parse_loss_norm(const std::string& name) {
  if (name == "batch") return LossNorm::kBatch;
  if (name == "group") return LossNorm::kGroup;
  return invalid_argument("'" + name + "' is no loss normalisation", "batch or group");
}

std::vector<std::vector<double>> loss_weights(const LossBatch& batch, const LossOptions& options) {
  const std::size_t responses = batch.advantages.size();
  std::size_t groups = 0;
  for (std::size_t index : batch.group) groups = std::max(groups, index + 1);
  std::vector<double> tokens(groups, 0.0);
  double all_tokens = 0;
  for (std::size_t i = 0; i < responses; ++i) {
    if (batch.keep[i] == 0 && !options.count_dropped) continue;
    const auto& row = batch.mask[i];
    const auto counted = options.count_masked
                             ? static_cast<double>(row.size())
                             : static_cast<double>(std::ranges::count(row, std::uint8_t{1}));
    tokens[batch.group[i]] += counted;
    all_tokens += counted;
  }
  const auto groups_with_tokens =
      static_cast<double>(std::ranges::count_if(tokens, [](double count) { return count > 0; }));

  std::vector<std::vector<double>> weights;
  weights.reserve(responses);
  for (std::size_t i = 0; i < responses; ++i) {
    auto& row = weights.emplace_back(batch.mask[i].size(), 0.0);
    const double divisor =
        options.norm == LossNorm::kBatch ? all_tokens : tokens[batch.group[i]] * groups_with_tokens;
    if (batch.keep[i] == 0 || divisor == 0) continue;
    for (std::size_t t = 0; t < row.size(); ++t)
      if (batch.mask[i][t] != 0) row[t] = -batch.advantages[i] / divisor;
  }
  return weights;
}

bool has_signal(const std::vector<std::vector<double>>& weights) {
  return std::ranges::any_of(weights, [](const auto& row) {
    return std::ranges::any_of(row, [](double weight) { return weight != 0; });
  });
}

TokenScore score_token(const std::vector<double>& logits, std::size_t token, double temperature) {
  const double top = *std::ranges::max_element(logits) / temperature;
  double sum = 0;
  for (double logit : logits) sum += std::exp(logit / temperature - top);
  const double log_sum = top + std::log(sum);
  TokenScore score;
  score.logprob = logits[token] / temperature - log_sum;
  score.d_logits.reserve(logits.size());
  for (std::size_t v = 0; v < logits.size(); ++v) {
    const double log_p = logits[v] / temperature - log_sum;
    const double p = std::exp(log_p);
    if (p > 0) score.entropy -= p * log_p;
    score.d_logits.push_back(((v == token ? 1.0 : 0.0) - p) / temperature);
  }
  return score;
}

}  // namespace cairn::rl
