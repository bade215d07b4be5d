// What a configuration must hold to be computed with, whoever wrote it.
#include <cmath>
#include <string>

#include "core/base/text.h"
#include "plugins/lib/model/config.h"

namespace cairn::model {
namespace {

// Far above every model there is; the experts of a layer, two matrices of kMaxSize by kMaxSize
// each, still have fewer than 2^63 values.
constexpr std::int64_t kMaxSize = std::int64_t{1} << 24;
constexpr std::int64_t kMaxLayers = 10'000;
constexpr std::int64_t kMaxExperts = 4096;
constexpr std::int64_t kMaxExpertsOfAll = 200'000;  // layers: each has three tensors of its own
constexpr std::int64_t kMaxId = std::int64_t{1} << 31;
constexpr std::int64_t kMaxPositions = std::int64_t{1} << 40;

Error bad(const std::string& name, const std::string& value, const std::string& wanted) {
  return invalid_argument(name + " is " + value + "; " + wanted);
}

Result<void> between(const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return {};
  return bad(name, std::to_string(value),
             "Cairn takes " + std::to_string(least) + " to " + std::to_string(most));
}

// Finite and above zero, or zero where that is possible.
Result<void> positive(const char* name, double value, bool or_zero = false) {
  if (std::isfinite(value) && (value > 0 || (or_zero && value == 0))) return {};
  return bad(name, format_number(value), or_zero ? "it must be 0 or more" : "it must be above 0");
}

Result<void> check_rope(const ModelConfig& config) {
  CAIRN_TRY(positive("rope_theta", config.rope_theta));
  if (!config.yarn) return {};
  const YarnConfig& yarn = *config.yarn;
  if (!std::isfinite(yarn.factor) || yarn.factor < 1) {
    return bad("factor of yarn", format_number(yarn.factor), "it must be 1 or more");
  }
  CAIRN_TRY(between("original_max_position_embeddings of yarn", yarn.original_positions, 1,
                    kMaxPositions));
  CAIRN_TRY(positive("beta_slow of yarn", yarn.beta_slow));
  CAIRN_TRY(positive("beta_fast of yarn", yarn.beta_fast));
  if (yarn.beta_fast < yarn.beta_slow) {
    return invalid_argument("beta_fast of yarn (" + format_number(yarn.beta_fast) +
                            ") is below beta_slow (" + format_number(yarn.beta_slow) + ")");
  }
  if (config.rope_theta <= 1) {
    return bad("rope_theta", format_number(config.rope_theta), "yarn needs one above 1");
  }
  return yarn.attention_factor ? positive("attention_factor of yarn", *yarn.attention_factor)
                               : Result<void>();
}

Result<void> check_experts(const ModelConfig& config) {
  if (!config.experts) return {};
  if (config.architecture != Architecture::kQwen3Moe) {
    return invalid_argument("only models of model_type qwen3_moe have experts");
  }
  const ExpertsConfig& experts = *config.experts;
  CAIRN_TRY(between("num_experts", experts.count, 1, kMaxExperts));
  CAIRN_TRY(between("num_experts_per_tok", experts.chosen, 1, kMaxExperts));
  if (experts.chosen > experts.count) {
    return invalid_argument("num_experts_per_tok (" + std::to_string(experts.chosen) +
                            ") is above num_experts (" + std::to_string(experts.count) + ")");
  }
  if (experts.count * config.layers > kMaxExpertsOfAll) {
    return invalid_argument("num_experts (" + std::to_string(experts.count) +
                            ") times num_hidden_layers (" + std::to_string(config.layers) +
                            ") is over " + std::to_string(kMaxExpertsOfAll));
  }
  CAIRN_TRY(between("moe_intermediate_size", experts.intermediate_size, 1, kMaxSize));
  CAIRN_TRY(between("decoder_sparse_step", experts.sparse_step, 1, kMaxLayers));
  for (const std::int64_t layer : experts.dense_layers) {
    if (layer < 0 || layer >= config.layers) {
      return invalid_argument("mlp_only_layers holds " + std::to_string(layer) +
                              ", num_hidden_layers is " + std::to_string(config.layers));
    }
  }
  return positive("router_aux_loss_coef", experts.aux_loss_weight, true);
}

Result<void> check_ids(const ModelConfig& config) {
  constexpr std::int64_t kNone = -1;
  CAIRN_TRY(between("bos_token_id", config.bos_id, kNone, kMaxId));
  CAIRN_TRY(between("pad_token_id", config.pad_id, kNone, kMaxId));
  for (const std::int64_t id : config.eos_ids) {
    CAIRN_TRY(between("eos_token_id", id, 0, kMaxId));
  }
  return {};
}

}  // namespace

Result<void> check_config(const ModelConfig& config) {
  CAIRN_TRY(between("vocab_size", config.vocab_size, 1, kMaxSize));
  CAIRN_TRY(between("hidden_size", config.hidden_size, 1, kMaxSize));
  CAIRN_TRY(between("intermediate_size", config.intermediate_size, 1, kMaxSize));
  CAIRN_TRY(between("num_hidden_layers", config.layers, 1, kMaxLayers));
  CAIRN_TRY(between("num_attention_heads", config.heads, 1, kMaxSize));
  CAIRN_TRY(between("num_key_value_heads", config.kv_heads, 1, kMaxSize));
  CAIRN_TRY(between("head_dim", config.head_dim, 1, kMaxSize));
  CAIRN_TRY(between("max_position_embeddings", config.max_positions, 1, kMaxPositions));
  if (config.heads % config.kv_heads != 0) {
    return invalid_argument("num_attention_heads (" + std::to_string(config.heads) +
                            ") is no multiple of num_key_value_heads (" +
                            std::to_string(config.kv_heads) + ")");
  }
  if (config.heads > kMaxSize / config.head_dim) {
    return invalid_argument("num_attention_heads (" + std::to_string(config.heads) +
                            ") times head_dim (" + std::to_string(config.head_dim) + ") is over " +
                            std::to_string(kMaxSize));
  }
  if (config.head_dim % 2 != 0) {
    return invalid_argument("head_dim must be even to be rotated, not " +
                            std::to_string(config.head_dim));
  }
  CAIRN_TRY(positive("rms_norm_eps", config.rms_norm_eps));
  CAIRN_TRY(positive("initializer_range", config.initializer_range, true));
  CAIRN_TRY(check_rope(config));
  CAIRN_TRY(check_experts(config));
  return check_ids(config);
}

}  // namespace cairn::model
