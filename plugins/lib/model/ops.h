// The differentiable pieces of a transformer layer. Each takes the fast path for float32 on the CPU
// and plain LibTorch operations otherwise.
#pragma once

#include <torch/all.h>

#include <cstdint>
#include <vector>

namespace cairn::model {

[[nodiscard]] bool has_kernels(const at::Tensor& tensor);

// RMS norm of the last dimension in float32, cast back, times weight.
[[nodiscard]] at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

// Cosines and sines of every position up to `positions`, [positions, head_dim / 2], float32.
struct RotaryTable {
  at::Tensor cosines, sines;
};
[[nodiscard]] RotaryTable rotary_table(std::int64_t positions, std::int64_t head_dim, double theta,
                                       const at::Device& device);

// x [rows, heads * head_dim] -> [rows, heads, head_dim]: norm per head, then rotate-half by
// positions [rows] (int64).
[[nodiscard]] at::Tensor norm_rotate(const at::Tensor& x, const at::Tensor& weight, double eps,
                                     const RotaryTable& table, const at::Tensor& positions);

// silu(gate) * up
[[nodiscard]] at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);

// Log-probability of targets [n] (int64), entropy and sum of squares of
// softmax(hidden [n, width] head^T / temperature): [logprob, entropy, sum_squares], float32 [n].
// Gradients flow through logprob to hidden and head; logits live for one chunk of rows at a time.
[[nodiscard]] std::vector<at::Tensor> score_tokens(const at::Tensor& hidden, const at::Tensor& head,
                                                   const at::Tensor& targets, double temperature);

}  // namespace cairn::model
