// Causal attention over a packed batch, and over cached keys while generating.
//
// float32 on the CPU, memory linear in rows: scores exist for one block of queries at a time and
// are computed again in the backward pass from the saved log-sum-exp (the method of
// FlashAttention, Dao et al. 2022).
#pragma once

#include <torch/all.h>

#include <cstdint>
#include <vector>

#include "plugins/lib/model/packed.h"

namespace cairn::model {

// q [rows, heads, d]; k, v [rows, kv_heads, d]; contiguous. Scale d^-1/2. Returns [rows, heads, d].
// Differentiable.
[[nodiscard]] at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k,
                                          const at::Tensor& v,
                                          const std::vector<Segment>& segments);

// The same through plain LibTorch operations, for any dtype and device; memory linear in rows too.
[[nodiscard]] at::Tensor plain_attention(const at::Tensor& q, const at::Tensor& k,
                                         const at::Tensor& v, const std::vector<Segment>& segments);

// One layer's keys and values while generating: prompts packed, each sample's own tokens in a
// row of the second pair.
struct LayerCache {
  at::Tensor prompt_k, prompt_v;  // [prompt rows, kv_heads, d]
  at::Tensor own_k, own_v;        // [samples, max_new_tokens, kv_heads, d]
};

// Samples that share a prompt and are still alive; rows of the decoding batch are the groups' lives
// one after another.
struct LiveGroup {
  std::int64_t prompt_begin = 0;
  std::int64_t prompt_end = 0;
  std::vector<std::int64_t> samples;  // rows of own_k
};

// q [live samples, heads, d]; each sample sees its prompt and its first own_length tokens.
[[nodiscard]] at::Tensor decode_attention(const at::Tensor& q, const LayerCache& cache,
                                          const std::vector<LiveGroup>& groups,
                                          std::int64_t own_length);
[[nodiscard]] at::Tensor plain_decode_attention(const at::Tensor& q, const LayerCache& cache,
                                                const std::vector<LiveGroup>& groups,
                                                std::int64_t own_length);

}  // namespace cairn::model
