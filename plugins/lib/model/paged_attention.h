// Attention of new rows over cached keys: prompts in pieces and single tokens alike.
#pragma once

#include <torch/all.h>

#include <cstdint>
#include <span>
#include <vector>

#include "plugins/lib/model/kv_cache.h"

namespace cairn::model {

// Rows [row, row + count) of a batch: one sequence's tokens from `position` on. `blocks` hold its
// positions from 0 and reach at least to its last row.
struct CacheSpan {
  std::int64_t row = 0;
  std::int64_t count = 0;
  std::int64_t position = 0;
  std::span<const BlockId> blocks;
};

// Stores keys and values of all rows in one layer of the cache, then attends: a row sees its
// sequence's positions up to its own. q [rows, heads, d], k and v [rows, kv_heads, d], contiguous;
// scale d^-1/2; returns [rows, heads, d]. The spans cover all rows in order. Blocks shared by
// neighbouring spans are read once for both.
//
// float32 on the CPU: a row's result is the same to the bit whatever else is in the batch. Other
// dtypes and devices go through plain LibTorch operations.
[[nodiscard]] at::Tensor paged_attention(const at::Tensor& q, const at::Tensor& k,
                                         const at::Tensor& v, KvCache& cache, std::int64_t layer,
                                         const std::vector<CacheSpan>& spans);

}  // namespace cairn::model
