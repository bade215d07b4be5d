// config.json of a dense Qwen3 model (RECIPE §8).
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn::model {

struct ModelConfig {
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;  // never hidden_size / heads
  double rms_norm_eps = 1e-6;
  double rope_theta = 1e6;
  bool tied = true;  // the head is the embedding
  std::int64_t max_positions = 4096;
  double initializer_range = 0.02;
  // Absent ids are -1; several end tokens are possible.
  std::int64_t bos_id = -1;
  std::int64_t pad_id = -1;
  std::vector<std::int64_t> eos_ids;
};

// Reads both spellings (rope_theta or rope_parameters, torch_dtype or dtype). What the model code
// cannot compute exactly (other architectures, rope scaling, biases) is an error naming the key.
[[nodiscard]] Result<ModelConfig> config_from_json(const json::object& object);
[[nodiscard]] Result<ModelConfig> read_config(const fs::path& model_folder);

// The classic spelling; dtype is "float32", "bfloat16" or "float16".
[[nodiscard]] json::object config_to_json(const ModelConfig& config, const std::string& dtype);

// Positive sizes, heads divisible by kv_heads, an even head_dim.
[[nodiscard]] Result<void> check_config(const ModelConfig& config);

}  // namespace cairn::model
