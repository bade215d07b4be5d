// safetensors files: a strict reader over a memory map, and a writer that streams.
//
// Layout: u64 little-endian header length (at most 100 MB), a JSON object
// {name: {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__"?: {string: string}}, then
// the data, which the tensors cover exactly, without gap or overlap.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn::model {

// Those of the format. Only F32, BF16, F16 and F64 are computed with; the rest travel as bytes.
enum class Dtype {
  kBool,
  kF4,
  kF6E2M3,
  kF6E3M2,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kI16,
  kU16,
  kF16,
  kBf16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};

[[nodiscard]] const char* to_string(Dtype dtype);  // "F32"
// As config.json calls it: "float32"; empty for those that no config names.
[[nodiscard]] const char* config_name(Dtype dtype);
[[nodiscard]] std::size_t bits_of(Dtype dtype);
// From "F32" or from a config's "float32".
[[nodiscard]] Result<Dtype> dtype_from_name(std::string_view name);

struct TensorView {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;  // in the map: lives as long as the file it comes from
  std::string_view file;            // its path, for messages; lives as long

  [[nodiscard]] std::int64_t elements() const;
};

// What is no F32, BF16, F16 or F64 is an error.
[[nodiscard]] Result<std::vector<float>> to_f32(const TensorView& view);
// Into memory of the right size.
[[nodiscard]] Result<void> to_f32(const TensorView& view, std::span<float> to);

// Immutable once open; may be read from many threads. Opening maps the file and reads its header
// only.
class SafetensorsFile {
 public:
  // kNotFound, or kCorrupt with the reason and the path.
  [[nodiscard]] static Result<SafetensorsFile> open(const fs::path& path);
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;
  ~SafetensorsFile();

  // In the order of their data.
  [[nodiscard]] const std::vector<TensorView>& tensors() const;
  // nullptr when there is none of that name.
  [[nodiscard]] const TensorView* find(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const;

 private:
  struct Impl;
  explicit SafetensorsFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A model folder's weights: model.safetensors, or the shards of model.safetensors.index.json.
// Opening reads headers only.
class Weights {
 public:
  // kNotFound when there is neither file, or a shard is missing; kCorrupt, naming file and tensor,
  // when a shard is cut short, lacks what the index says, or holds a tensor of another shard too.
  [[nodiscard]] static Result<Weights> open(const fs::path& model_folder);
  // By name, whatever the shard.
  [[nodiscard]] const TensorView* find(std::string_view name) const;
  // Sorted by name.
  [[nodiscard]] std::vector<const TensorView*> tensors() const;

 private:
  std::vector<SafetensorsFile> files_;
  std::map<std::string, const TensorView*, std::less<>> by_name_;
};

struct TensorPlan {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
};

// Writes one file front to back: the header is known from the plan, then every tensor's values in
// the plan's order. Memory: a fixed buffer. The bytes go to PATH.partial; finish() makes them
// durable and puts them in the place of PATH, so that whoever reads PATH, also after a crash, finds
// the old file whole or the new one. Not thread-safe; one writer for a path at a time.
class SafetensorsWriter {
 public:
  // Two tensors of one name, and a shape that is no possible number of bytes, are errors.
  [[nodiscard]] static Result<SafetensorsWriter> create(
      const fs::path& path, std::vector<TensorPlan> plan,
      const std::map<std::string, std::string>& metadata = {{"format", "pt"}});
  SafetensorsWriter(SafetensorsWriter&&) noexcept;
  SafetensorsWriter& operator=(SafetensorsWriter&&) noexcept;
  ~SafetensorsWriter();  // without finish(): what was written is removed

  // The next tensor, converted to its planned dtype (F32, BF16 or F16).
  [[nodiscard]] Result<void> write_f32(std::string_view name, std::span<const float> values);
  // The next tensor's bytes as they are.
  [[nodiscard]] Result<void> write_raw(std::string_view name, std::span<const std::byte> bytes);
  // Fails unless every tensor was written.
  [[nodiscard]] Result<void> finish();

 private:
  friend class WeightsWriter;
  struct Impl;
  explicit SafetensorsWriter(std::unique_ptr<Impl> impl);
  [[nodiscard]] Result<void> seal();     // all written, and durable
  [[nodiscard]] Result<void> publish();  // under its name
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::uint64_t kDefaultShardBytes = 5'000'000'000;

// Writes a folder's weights as Weights reads them, in the plan's order: as model.safetensors when
// they take no more than shard_bytes, else as model-00001-of-0000N.safetensors and so on with
// model.safetensors.index.json. A tensor is never split: one larger than shard_bytes has a shard of
// its own. finish() publishes: one file replaces another atomically; several shards get their names
// when all are durable, the index last, so a crash leaves the old weights, the new ones, or a
// folder that Weights refuses. Weights of another layout that lay there are removed.
class WeightsWriter {
 public:
  [[nodiscard]] static Result<WeightsWriter> create(const fs::path& folder,
                                                    std::vector<TensorPlan> plan,
                                                    std::uint64_t shard_bytes = kDefaultShardBytes);

  [[nodiscard]] Result<void> write_f32(std::string_view name, std::span<const float> values);
  [[nodiscard]] Result<void> write_raw(std::string_view name, std::span<const std::byte> bytes);
  [[nodiscard]] Result<void> finish();

 private:
  struct Shard {
    std::string file;
    std::vector<TensorPlan> plan;
  };
  // The writer that the next tensor goes to, opened when its turn comes.
  Result<SafetensorsWriter*> next_writer();

  fs::path folder_;
  std::vector<Shard> shards_;
  std::vector<SafetensorsWriter> writers_;  // of the shards begun so far
  std::size_t written_ = 0;                 // tensors of the last one
  std::uint64_t total_bytes_ = 0;
};

}  // namespace cairn::model
