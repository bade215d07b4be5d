// GGUF files, version 3: a strict reader over a memory map.
//
// Layout, little-endian: "GGUF", u32 version, u64 tensors, u64 keys; the keys (name, type, value);
// the tensors (name, u32 dimensions, u64 sizes with the fastest first, u32 type, u64 offset); then,
// from the next multiple of general.alignment (32 when absent), the data.
//
// Every count and length is checked against the bytes that are left before anything is allocated.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"
#include "plugins/lib/model/mapped_file.h"

namespace cairn::model {

// The element types that Cairn reads. Blocks are 32 values: kQ8_0 a float16 scale d and int8 q,
// value d*q; kQ4_0 a scale and nibbles, d*(q-8); kQ4_1 a scale and a minimum m, d*q+m. The low
// nibbles are values 0 to 15, the high ones 16 to 31.
enum class GgufType : std::uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ8_0 = 8,
  kBf16 = 30,
};

[[nodiscard]] const char* to_string(GgufType type);  // "Q4_1"

struct GgufTensor {
  std::string name;
  GgufType type = GgufType::kF32;
  std::vector<std::int64_t> shape;  // slowest first, as in safetensors
  std::span<const std::byte> data;  // lives as long as the file it comes from

  [[nodiscard]] std::int64_t elements() const;
  // Values of one row: of the last dimension.
  [[nodiscard]] std::int64_t row_size() const { return shape.back(); }
};

// float32 values of `rows` rows from row `first` on, into rows * row_size() of memory.
void dequantise(const GgufTensor& tensor, std::int64_t first, std::int64_t rows,
                std::span<float> to);

enum class GgufKind : std::uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};

struct GgufArray {
  GgufKind kind = GgufKind::kU8;  // never kArray
  std::uint64_t count = 0;
  std::span<const std::byte> bytes;  // the elements as the file has them
};

// Integers are widened; a float32 becomes the double of its shortest decimal: 1e-05, not
// 9.99999974e-06. Texts point into the map.
using GgufValue =
    std::variant<std::uint64_t, std::int64_t, double, bool, std::string_view, GgufArray>;

// For people and messages: of an array its length alone, {"array_of": 3}.
[[nodiscard]] json::value to_json(const GgufValue& value);

// Immutable once open; may be read from many threads.
class GgufFile {
 public:
  // kNotFound, or kCorrupt with the reason and the path. A type of tensor that Cairn does not read
  // is kInvalidArgument and named.
  [[nodiscard]] static Result<GgufFile> open(const fs::path& path);
  // The same for bytes in memory, which the caller keeps.
  [[nodiscard]] static Result<GgufFile> parse(std::span<const std::byte> bytes);

  using Metadata = std::map<std::string, GgufValue, std::less<>>;
  [[nodiscard]] const Metadata& metadata() const { return metadata_; }
  [[nodiscard]] bool has(std::string_view key) const { return metadata_.contains(key); }
  // An error names the key: absent, of another kind, negative.
  [[nodiscard]] Result<std::string> text(std::string_view key) const;
  [[nodiscard]] Result<std::int64_t> integer(std::string_view key) const;  // 0 and up
  [[nodiscard]] Result<double> number(std::string_view key) const;
  [[nodiscard]] Result<bool> flag(std::string_view key) const;
  [[nodiscard]] Result<std::vector<std::string_view>> texts(std::string_view key) const;
  [[nodiscard]] Result<std::vector<std::int64_t>> integers(std::string_view key) const;

  // As the file lists them.
  [[nodiscard]] const std::vector<GgufTensor>& tensors() const { return tensors_; }
  // nullptr when there is none of that name.
  [[nodiscard]] const GgufTensor* find(std::string_view name) const;

 private:
  friend class GgufParser;
  MappedFile file_;
  Metadata metadata_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace cairn::model
