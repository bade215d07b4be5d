// Activation checkpointing: what a piece of the forward pass leaves behind for the backward pass is
// its input alone; the rest is computed again when the gradient comes (Chen et al., 2016,
// arXiv:1604.06174).
#pragma once

#include <torch/all.h>

#include <functional>
#include <vector>

namespace cairn::model {

using Piece = std::function<std::vector<at::Tensor>(const at::Tensor& input)>;

// piece(input), whose gradients reach `input` and `weights` (leaves that piece reads). Piece must
// give the same values both times; then gradients equal those of piece(input) bit for bit. Outputs
// that are no floating-point tensors, or undefined, carry no gradient. Without gradients to be
// computed this is piece(input).
[[nodiscard]] std::vector<at::Tensor> recomputed(Piece piece, const at::Tensor& input,
                                                 const std::vector<at::Tensor>& weights);

}  // namespace cairn::model
