// The shape of SmolLM2-135M, which bench_model computes with random weights beside its peers.
#pragma once

#include "core/base/json.h"
#include "plugins/lib/model/config.h"

namespace cairn::bench {

inline model::ModelConfig smollm2_shape(model::Architecture architecture) {
  model::ModelConfig config;
  config.architecture = architecture;
  config.vocab_size = 49152;
  config.hidden_size = 576;
  config.intermediate_size = 1536;
  config.layers = 30;
  config.heads = 9;
  config.kv_heads = 3;
  config.head_dim = 64;
  config.rms_norm_eps = 1e-5;
  config.rope_theta = 1e5;
  config.max_positions = 8192;
  return config;
}

// As transformers names its parts.
inline json::object peer_shape(const model::ModelConfig& config) {
  return {{"vocab_size", config.vocab_size},
          {"hidden_size", config.hidden_size},
          {"intermediate_size", config.intermediate_size},
          {"num_hidden_layers", config.layers},
          {"num_attention_heads", config.heads},
          {"num_key_value_heads", config.kv_heads},
          {"head_dim", config.head_dim},
          {"max_position_embeddings", config.max_positions}};
}

}  // namespace cairn::bench
