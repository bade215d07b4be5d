#include "plugins/lib/model/sampling.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "plugins/lib/model/kernels.h"

namespace cairn::model {
namespace {

using Candidate = std::pair<float, std::int64_t>;  // log-probability, id

// Tokens from the likeliest down, sorted only as far as they are asked for: most of the
// probability lies in few of them.
class Likeliest {
 public:
  Likeliest(const float* row, std::int64_t vocab, float inverse, float lse) {
    order_.reserve(static_cast<std::size_t>(vocab));
    for (std::int64_t i = 0; i < vocab; ++i) order_.emplace_back(row[i] * inverse - lse, i);
  }

  [[nodiscard]] std::size_t size() const { return order_.size(); }

  const Candidate& at(std::size_t index) {
    if (index >= sorted_) {
      const std::size_t upto =
          std::min(order_.size(), std::max({std::size_t{32}, sorted_ * 4, index + 1}));
      const auto first = order_.begin() + static_cast<std::ptrdiff_t>(sorted_);
      const auto last = order_.begin() + static_cast<std::ptrdiff_t>(upto);
      std::partial_sort(first, last, order_.end(), [](const Candidate& a, const Candidate& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
      });
      sorted_ = upto;
    }
    return order_[index];
  }

 private:
  std::vector<Candidate> order_;
  std::size_t sorted_ = 0;
};

double probability(const Candidate& candidate) {
  return std::exp(static_cast<double>(candidate.first));
}

std::int64_t draw_kept(const float* row, std::int64_t vocab, float inverse, float lse,
                       const SamplingRule& rule, double uniform) {
  Likeliest order(row, vocab, inverse, lse);
  std::size_t limit = order.size();
  double total = 1;
  if (rule.top_k > 0 && rule.top_k < vocab) {
    limit = static_cast<std::size_t>(rule.top_k);
    total = 0;
    for (std::size_t i = 0; i < limit; ++i) total += probability(order.at(i));
  }
  const double least = rule.min_p * probability(order.at(0));
  std::vector<double> sums;
  double mass = 0;
  while (sums.size() < limit && (sums.empty() || rule.top_p >= 1 || mass < rule.top_p * total)) {
    const double p = probability(order.at(sums.size()));
    if (!sums.empty() && p < least) break;
    mass += p;
    sums.push_back(mass);
  }
  const auto at = std::upper_bound(sums.begin(), sums.end(), uniform * mass) - sums.begin();
  return order.at(std::min(static_cast<std::size_t>(at), sums.size() - 1)).second;
}

std::int64_t draw_any(const float* row, std::int64_t vocab, float inverse, float lse,
                      double uniform) {
  double mass = 0;
  std::int64_t last = 0;
  for (std::int64_t i = 0; i < vocab; ++i) {
    const double p = std::exp(static_cast<double>(row[i] * inverse - lse));
    if (p > 0) last = i;
    mass += p;
    if (mass > uniform) return i;
  }
  return last;  // rounding left the sum below the draw
}

Error out_of_range(const char* name, double value, const char* range) {
  return invalid_argument(std::string(name) + " is " + format_number(value) + ", but must be " +
                          range);
}

}  // namespace

Result<void> check_rule(const SamplingRule& rule) {
  if (!(rule.temperature >= 0) || !std::isfinite(rule.temperature)) {
    return out_of_range("temperature", rule.temperature, "0 (greedy) or above");
  }
  if (rule.top_k < 0) {
    return out_of_range("top_k", static_cast<double>(rule.top_k), "0 (all tokens) or above");
  }
  if (!(rule.top_p > 0 && rule.top_p <= 1)) {
    return out_of_range("top_p", rule.top_p, "above 0 and at most 1");
  }
  if (!(rule.min_p >= 0 && rule.min_p <= 1)) {
    return out_of_range("min_p", rule.min_p, "between 0 and 1");
  }
  return {};
}

Draw draw_token(const float* logits, std::int64_t vocab, const SamplingRule& rule, double uniform) {
  const bool greedy = rule.temperature == 0;
  const float inverse = greedy ? 1.0F : static_cast<float>(1.0 / rule.temperature);
  const kernels::RowScores scores = kernels::score_row(logits, vocab, inverse);
  const bool all = rule.top_k == 0 && rule.top_p >= 1 && rule.min_p == 0;
  std::int64_t id = 0;
  if (greedy) {
    id = std::max_element(logits, logits + vocab) - logits;
  } else if (all) {
    id = draw_any(logits, vocab, inverse, scores.lse, uniform);
  } else {
    id = draw_kept(logits, vocab, inverse, scores.lse, rule, uniform);
  }
  return {id, logits[id] * inverse - scores.lse, scores.entropy};
}

}  // namespace cairn::model
