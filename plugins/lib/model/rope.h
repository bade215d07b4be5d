// Rotary position embeddings (Su et al., 2021, arXiv:2104.09864): the angles of every position,
// with YaRN's scaling where the config asks for it. Computed in the float32 steps of the reference
// (transformers), so that positions far beyond 100,000 turn by the same rounded angles.
#pragma once

#include <torch/all.h>

#include <cstdint>

#include "plugins/lib/model/config.h"

namespace cairn::model {

// Cosines and sines of positions 0 .. n-1, each [n, head_dim / 2], float32, on one device.
struct RotaryTable {
  at::Tensor cosines, sines;
};

// theta^(-2i / head_dim), i < head_dim / 2, blended by YaRN between the frequencies as they are and
// divided by its factor; float32 on the CPU.
[[nodiscard]] at::Tensor inverse_frequencies(const ModelConfig& config);

// What YaRN multiplies cosines and sines by; 1 without it.
[[nodiscard]] double rotary_scale(const ModelConfig& config);

// For any architecture; memory 4 * positions * head_dim bytes.
[[nodiscard]] RotaryTable rotary_table(const ModelConfig& config, std::int64_t positions,
                                       const at::Device& device);

}  // namespace cairn::model
