// float32 to and from the 16-bit formats of checkpoints. Rounding is to nearest, ties to even;
// NaN stays NaN (quiet), overflow becomes infinity, float16 subnormals are kept.
#pragma once

#include <cstdint>
#include <span>

namespace cairn::model {

[[nodiscard]] float bf16_to_f32(std::uint16_t bits);
[[nodiscard]] std::uint16_t f32_to_bf16(float value);
[[nodiscard]] float f16_to_f32(std::uint16_t bits);
[[nodiscard]] std::uint16_t f32_to_f16(float value);

// Spans of equal length.
void bf16_to_f32(std::span<const std::uint16_t> from, std::span<float> to);
void f32_to_bf16(std::span<const float> from, std::span<std::uint16_t> to);
void f16_to_f32(std::span<const std::uint16_t> from, std::span<float> to);
void f32_to_f16(std::span<const float> from, std::span<std::uint16_t> to);

}  // namespace cairn::model
