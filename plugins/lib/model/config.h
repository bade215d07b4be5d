// config.json of the models that Cairn computes: Qwen3 dense and mixture-of-experts, Llama
// (RECIPE §8, §9).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn::model {

// kLlama has no norms of q and k; kQwen3Moe has experts in some layers. All else is the same.
enum class Architecture { kQwen3, kQwen3Moe, kLlama };

struct ExpertsConfig {
  std::int64_t count = 0;              // num_experts, or num_local_experts
  std::int64_t chosen = 0;             // num_experts_per_tok
  std::int64_t intermediate_size = 0;  // moe_intermediate_size: of one expert
  bool normalise = false;              // norm_topk_prob: the chosen weights are made to sum to 1
  std::int64_t sparse_step = 1;        // decoder_sparse_step
  std::vector<std::int64_t> dense_layers;  // mlp_only_layers
  double aux_loss_weight = 0.001;          // router_aux_loss_coef
};

// Yet another RoPE extension (Peng et al., 2023, arXiv:2309.00071), as Qwen3 publishes it:
// rope_scaling, or rope_parameters of rope_type yarn.
struct YarnConfig {
  double factor = 1.0;
  std::int64_t original_positions = 0;  // original_max_position_embeddings
  double beta_fast = 32;
  double beta_slow = 1;
  std::optional<double> attention_factor;  // of cosines and sines; 0.1 ln(factor) + 1 when absent
};

struct ModelConfig {
  Architecture architecture = Architecture::kQwen3;
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;  // from the config, where it says so: not always hidden_size / heads
  double rms_norm_eps = 1e-6;
  double rope_theta = 1e6;
  std::optional<YarnConfig> yarn;
  std::optional<ExpertsConfig> experts;  // of kQwen3Moe
  bool tied = true;                      // the head is the embedding
  std::int64_t max_positions = 4096;
  double initializer_range = 0.02;
  // Absent ids are -1; several end tokens are possible.
  std::int64_t bos_id = -1;
  std::int64_t pad_id = -1;
  std::vector<std::int64_t> eos_ids;

  // Whether the layer's feed-forward part is experts: not listed in dense_layers, and
  // (layer + 1) divisible by sparse_step.
  [[nodiscard]] bool has_experts(std::int64_t layer) const;
  [[nodiscard]] bool norms_heads() const { return architecture != Architecture::kLlama; }
};

// Reads both spellings (rope_theta or rope_parameters, torch_dtype or dtype, num_experts or
// num_local_experts). What the model code cannot compute exactly (other architectures, other rope
// scaling, biases) is an error naming the key.
[[nodiscard]] Result<ModelConfig> config_from_json(const json::object& object);
[[nodiscard]] Result<ModelConfig> read_config(const fs::path& model_folder);

// The classic spelling; dtype is "float32", "bfloat16" or "float16".
[[nodiscard]] json::object config_to_json(const ModelConfig& config, const std::string& dtype);

// Positive sizes, heads divisible by kv_heads, an even head_dim.
[[nodiscard]] Result<void> check_config(const ModelConfig& config);

}  // namespace cairn::model
