#include "plugins/lib/model/gguf_types.h"

#include <cstring>

#include "core/base/text.h"
#include "plugins/lib/model/float_formats.h"

namespace cairn::model {
namespace {

constexpr std::int64_t kBlock = 32;

constexpr GgufTypeInfo kRead[] = {
    {GgufType::kF32, "F32", 1, 4},         {GgufType::kF16, "F16", 1, 2},
    {GgufType::kBf16, "BF16", 1, 2},       {GgufType::kQ8_0, "Q8_0", kBlock, 2 + 32},
    {GgufType::kQ4_0, "Q4_0", kBlock, 18}, {GgufType::kQ4_1, "Q4_1", kBlock, 20},
};

// Those that errors name; the numbers are the format's.
constexpr struct {
  std::uint32_t number;
  const char* name;
} kNamed[] = {
    {6, "Q5_0"},   {7, "Q5_1"},    {9, "Q8_1"},   {10, "Q2_K"},    {11, "Q3_K"},   {12, "Q4_K"},
    {13, "Q5_K"},  {14, "Q6_K"},   {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"},
    {19, "IQ1_S"}, {20, "IQ4_NL"}, {21, "IQ3_S"}, {22, "IQ2_S"},   {23, "IQ4_XS"}, {24, "I8"},
    {25, "I16"},   {26, "I32"},    {27, "I64"},   {28, "F64"},     {29, "IQ1_M"},  {34, "TQ1_0"},
    {35, "TQ2_0"}, {39, "MXFP4"},
};

float half_at(const std::byte* from) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, from, sizeof bits);
  return f16_to_f32(bits);
}

void q8_0_block(const std::byte* block, float* to) {
  const float scale = half_at(block);
  for (int i = 0; i < kBlock; ++i) {
    to[i] = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
  }
}

// The nibbles of a block, from its 16 bytes: scale * (q - zero) + minimum.
void nibbles(const std::byte* from, float scale, int zero, float minimum, float* to) {
  for (int i = 0; i < kBlock / 2; ++i) {
    const int byte = std::to_integer<int>(from[i]);
    to[i] = scale * static_cast<float>((byte & 15) - zero) + minimum;
    to[i + kBlock / 2] = scale * static_cast<float>((byte >> 4) - zero) + minimum;
  }
}

}  // namespace

const GgufTypeInfo* gguf_type(std::uint32_t number) {
  for (const GgufTypeInfo& info : kRead) {
    if (static_cast<std::uint32_t>(info.type) == number) return &info;
  }
  return nullptr;
}

std::string gguf_type_name(std::uint32_t number) {
  if (const GgufTypeInfo* info = gguf_type(number)) return info->name;
  for (const auto& named : kNamed) {
    if (named.number == number) return named.name;
  }
  return "number " + std::to_string(number);
}

const char* to_string(GgufType type) {
  return gguf_type(static_cast<std::uint32_t>(type))->name;
}

json::value to_json(const GgufValue& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return json::value(is_valid_utf8(*text) ? std::string(*text) : printable(*text));
  }
  if (const auto* array = std::get_if<GgufArray>(&value)) {
    return json::object{{"array_of", array->count}};
  }
  if (const auto* natural = std::get_if<std::uint64_t>(&value)) return *natural;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* on = std::get_if<bool>(&value)) return *on;
  return std::get<double>(value);
}

std::int64_t GgufTensor::elements() const {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

void dequantise(const GgufTensor& tensor, std::int64_t first, std::int64_t rows,
                std::span<float> to) {
  const GgufTypeInfo& info = *gguf_type(static_cast<std::uint32_t>(tensor.type));
  const std::int64_t blocks_per_row = tensor.row_size() / info.block;
  const std::byte* from =
      tensor.data.data() + static_cast<std::uint64_t>(first * blocks_per_row) * info.bytes;
  const auto blocks = static_cast<std::size_t>(rows * blocks_per_row);
  float* out = to.data();
  switch (tensor.type) {
    case GgufType::kF32:
      std::memcpy(out, from, blocks * info.bytes);
      return;
    case GgufType::kF16:
    case GgufType::kBf16:
      for (std::size_t i = 0; i < blocks; ++i) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, from + i * sizeof bits, sizeof bits);
        out[i] = tensor.type == GgufType::kF16 ? f16_to_f32(bits) : bf16_to_f32(bits);
      }
      return;
    case GgufType::kQ8_0:
      for (std::size_t i = 0; i < blocks; ++i) q8_0_block(from + i * info.bytes, out + i * kBlock);
      return;
    case GgufType::kQ4_0:
      for (std::size_t i = 0; i < blocks; ++i) {
        const std::byte* block = from + i * info.bytes;
        nibbles(block + 2, half_at(block), 8, 0.0F, out + i * kBlock);
      }
      return;
    case GgufType::kQ4_1:
      for (std::size_t i = 0; i < blocks; ++i) {
        const std::byte* block = from + i * info.bytes;
        nibbles(block + 4, half_at(block), 0, half_at(block + 2), out + i * kBlock);
      }
      return;
  }
}

}  // namespace cairn::model
