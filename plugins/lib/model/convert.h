// Turning a model of another form into a Hugging Face model folder as Cairn writes them:
// config.json in the classic spelling, safetensors with one tensor per expert, the tokenizer's
// files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "core/base/files.h"
#include "core/base/result.h"
#include "plugins/lib/model/safetensors.h"

namespace cairn::model {

struct ConvertOptions {
  // kF32, kBf16 or kF16. Absent: each tensor as it is stored, GGUF as float32.
  std::optional<Dtype> dtype = {};
  std::uint64_t shard_bytes = kDefaultShardBytes;
  // Called with the bytes of weights written so far and in all; may be empty.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

// source: a GGUF file, a folder with config.json and safetensors (one file or shards, experts fused
// or not; a configuration that they contradict is an error that names both), or a folder with one
// GGUF file. target must not exist, or be an empty folder; it appears
// whole or not at all. Memory: the largest tensor in float32.
[[nodiscard]] Result<void> convert_model(const fs::path& source, const fs::path& target,
                                         const ConvertOptions& options);

// The one GGUF file of a folder without config.json, or nothing.
[[nodiscard]] std::optional<fs::path> gguf_of_folder(const fs::path& folder);

}  // namespace cairn::model
