// The model over new tokens of sequences whose earlier keys and values are cached.
#pragma once

#include <torch/all.h>

#include <cstdint>
#include <vector>

#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/half_weights.h"
#include "plugins/lib/model/kv_cache.h"
#include "plugins/lib/model/ops.h"
#include "plugins/lib/model/paged_attention.h"

namespace cairn::model {

class CachedForward {
 public:
  // fixed_order: see Products::kFixedOrder in linear.h. halves: read instead of the model's weights
  // where rows are few; the same bits. The model outlives this.
  CachedForward(const CausalLm& model, std::int64_t kv_budget_bytes, bool fixed_order,
                std::optional<HalfWeights> halves);

  [[nodiscard]] KvCache& cache() { return cache_; }
  // Prepares for positions below `positions`.
  void reach(std::int64_t positions);

  // Computes all rows, one token each, and stores their keys and values. Returns the final hidden
  // states [picked, hidden] of the rows picked, in that order.
  [[nodiscard]] at::Tensor run(const std::vector<std::int64_t>& tokens,
                               const std::vector<CacheSpan>& spans,
                               const std::vector<std::int64_t>& picked);
  // float32 on the CPU, [rows, vocabulary].
  [[nodiscard]] at::Tensor logits(const at::Tensor& hidden) const;

 private:
  [[nodiscard]] bool reads_halves(std::int64_t rows) const;

  const CausalLm& model_;
  bool fixed_order_;
  std::optional<HalfWeights> halves_;
  KvCache cache_;
  RotaryTable table_;
  std::int64_t positions_ = 0;  // rows of the table
};

}  // namespace cairn::model
