// Causal attention over a packed batch.
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

// How segments travel through autograd's context: int64 [count, 3] of begin, end and parent.
[[nodiscard]] at::Tensor segments_tensor(const std::vector<Segment>& segments);

}  // namespace cairn::model
