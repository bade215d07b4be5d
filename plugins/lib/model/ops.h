// The differentiable pieces of a transformer layer. Each takes the fast path for float32 on the CPU
// and plain LibTorch operations otherwise.
#pragma once

#include <torch/all.h>

#include <cstdint>
#include <vector>

#include "plugins/lib/model/rope.h"

namespace cairn::model {

[[nodiscard]] bool has_kernels(const at::Tensor& tensor);

// In at least float32.
[[nodiscard]] at::Tensor widened(const at::Tensor& x);

// RMS norm of the last dimension in float32, cast back, times weight.
[[nodiscard]] at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

// x [rows, heads * head_dim] -> [rows, heads, head_dim]: norm per head, then rotate-half by
// positions [rows] (int64).
[[nodiscard]] at::Tensor norm_rotate(const at::Tensor& x, const at::Tensor& weight, double eps,
                                     const RotaryTable& table, const at::Tensor& positions);
// The same without the norm.
[[nodiscard]] at::Tensor rotate(const at::Tensor& x, std::int64_t head_dim,
                                const RotaryTable& table, const at::Tensor& positions);

// silu(gate) * up
[[nodiscard]] at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);

// Log-probability of targets [n] (int64), entropy and sum of squares of
// softmax(hidden [n, width] head^T / temperature): [logprob, entropy, sum_squares], each [n], of
// float32 (float64 for float64). Gradients flow through logprob to hidden and head. Any dtype and
// device; logits live for one chunk of rows at a time, forward and backward.
[[nodiscard]] std::vector<at::Tensor> score_tokens(const at::Tensor& hidden, const at::Tensor& head,
                                                   const at::Tensor& targets, double temperature);
// What a chunk's logits take at the most, in float32.
[[nodiscard]] std::int64_t logit_chunk_bytes(std::int64_t vocab);

}  // namespace cairn::model
