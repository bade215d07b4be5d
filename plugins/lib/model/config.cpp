#include "plugins/lib/model/config.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/base/text.h"

namespace cairn::model {
namespace {

// What a configuration of each architecture means where it says nothing: the values of
// transformers' own configuration classes.
struct Kind {
  Architecture architecture;
  const char* model_type;
  const char* class_name;
  std::int64_t kv_heads;  // 0: as many as heads
  std::int64_t head_dim;  // 0: hidden_size / num_attention_heads
  std::int64_t max_positions;
  std::int64_t bos_id;
  std::int64_t eos_id;
};
constexpr Kind kKinds[] = {
    {Architecture::kQwen3, "qwen3", "Qwen3ForCausalLM", 32, 128, 32768, -1, -1},
    {Architecture::kQwen3Moe, "qwen3_moe", "Qwen3MoeForCausalLM", 4, 0, 32768, -1, -1},
    {Architecture::kLlama, "llama", "LlamaForCausalLM", 0, 0, 2048, 1, 2},
};

const Kind& kind_of(Architecture architecture) {
  return *std::find_if(std::begin(kKinds), std::end(kKinds),
                       [&](const Kind& kind) { return kind.architecture == architecture; });
}

// "config.json sets KEY to VALUE, which Cairn cannot compute"
Error unsupported(std::string_view key, const json::value& value) {
  return invalid_argument(
      "config.json sets " + std::string(key) + " to " + json::serialize(value) +
          ", which Cairn cannot compute",
      "Cairn computes models of model_type qwen3, qwen3_moe and llama, without biases, with full "
      "attention and with rope_type default or yarn");
}

bool is_set(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && !value->is_null();
}

Result<std::int64_t> int_or(const json::object& object, std::string_view key,
                            std::int64_t otherwise) {
  if (!is_set(object, key)) return otherwise;
  return get_int(object, key);
}

Result<double> double_or(const json::object& object, std::string_view key, double otherwise) {
  if (!is_set(object, key)) return otherwise;
  return get_double(object, key);
}

Result<bool> bool_or(const json::object& object, std::string_view key, bool otherwise) {
  if (!is_set(object, key)) return otherwise;
  return get_bool(object, key);
}

// Keys that change what the model computes, and the only value of each that is computed here.
Result<void> refuse_other_maths(const json::object& object) {
  for (const char* key : {"attention_bias", "mlp_bias", "use_sliding_window"}) {
    CAIRN_ASSIGN(const bool on, bool_or(object, key, false));
    if (on) return unsupported(key, object.at(key));
  }
  if (is_set(object, "hidden_act")) {
    CAIRN_ASSIGN(const std::string activation, get_string(object, "hidden_act"));
    if (activation != "silu") return unsupported("hidden_act", object.at("hidden_act"));
  }
  CAIRN_ASSIGN(const double dropout, double_or(object, "attention_dropout", 0.0));
  if (dropout != 0.0) return unsupported("attention_dropout", object.at("attention_dropout"));
  CAIRN_ASSIGN(const std::int64_t pretraining_tp, int_or(object, "pretraining_tp", 1));
  if (pretraining_tp != 1) return unsupported("pretraining_tp", object.at("pretraining_tp"));
  if (is_set(object, "quantization_config")) {
    return unsupported("quantization_config", object.at("quantization_config"));
  }
  if (is_set(object, "layer_types")) {
    CAIRN_ASSIGN(const json::array* types, get_array(object, "layer_types"));
    for (const json::value& type : *types) {
      if (type != "full_attention") return unsupported("layer_types", type);
    }
  }
  return {};
}

Result<void> refuse_partial_rotation(const json::object& object) {
  CAIRN_ASSIGN(const double share, double_or(object, "partial_rotary_factor", 1.0));
  if (share == 1.0) return {};
  return unsupported("partial_rotary_factor", object.at("partial_rotary_factor"));
}

Result<YarnConfig> read_yarn(const json::object& rope, const json::object& object,
                             std::int64_t max_positions) {
  YarnConfig yarn;
  CAIRN_ASSIGN(yarn.factor, get_double(rope, "factor"));
  CAIRN_ASSIGN(yarn.original_positions,
               int_or(rope, "original_max_position_embeddings", max_positions));
  CAIRN_ASSIGN(yarn.original_positions,
               int_or(object, "original_max_position_embeddings", yarn.original_positions));
  CAIRN_ASSIGN(yarn.beta_fast, double_or(rope, "beta_fast", 32));
  CAIRN_ASSIGN(yarn.beta_slow, double_or(rope, "beta_slow", 1));
  if (is_set(rope, "attention_factor")) {
    CAIRN_ASSIGN(yarn.attention_factor, get_double(rope, "attention_factor"));
  }
  for (const char* key : {"mscale", "mscale_all_dim"}) {
    if (is_set(rope, key)) return unsupported(key, rope.at(key));
  }
  CAIRN_ASSIGN(const bool truncate, bool_or(rope, "truncate", true));
  if (!truncate) return unsupported("truncate", rope.at("truncate"));
  return yarn;
}

// rope_theta stands alone, with rope_scaling beside it (classic), or inside rope_parameters
// (transformers 5).
Result<void> read_rope(const json::object& object, ModelConfig& config) {
  CAIRN_ASSIGN(config.rope_theta, double_or(object, "rope_theta", 10000.0));
  CAIRN_TRY(refuse_partial_rotation(object));
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!is_set(object, key)) continue;
    CAIRN_ASSIGN(const json::object* rope, get_object(object, key));
    CAIRN_ASSIGN(config.rope_theta, double_or(*rope, "rope_theta", config.rope_theta));
    CAIRN_TRY(refuse_partial_rotation(*rope));
    const char* type_key = is_set(*rope, "rope_type") ? "rope_type" : "type";
    if (!is_set(*rope, type_key)) {
      if (is_set(*rope, "factor")) return unsupported(key, *rope);
      continue;
    }
    CAIRN_ASSIGN(const std::string type, get_string(*rope, type_key));
    if (type == "yarn") {
      if (config.yarn) return unsupported("rope_scaling and rope_parameters", object.at(key));
      CAIRN_ASSIGN(config.yarn, read_yarn(*rope, object, config.max_positions));
    } else if (type != "default") {
      return unsupported(std::string(key) + "." + type_key, rope->at(type_key));
    }
  }
  return {};
}

Result<std::vector<std::int64_t>> int_list(const json::object& object, std::string_view key) {
  std::vector<std::int64_t> values;
  CAIRN_ASSIGN(const json::array* array, get_array(object, key));
  for (const json::value& value : *array) {
    if (!value.is_int64()) {
      return invalid_argument("'" + std::string(key) + "' holds " + json::serialize(value) +
                              ", which is no integer");
    }
    values.push_back(value.get_int64());
  }
  return values;
}

// null is none; a key that is absent is what the architecture's class says.
Result<std::vector<std::int64_t>> end_ids(const json::object& object, std::int64_t otherwise) {
  const json::value* value = object.if_contains("eos_token_id");
  if (value == nullptr && otherwise >= 0) return std::vector<std::int64_t>{otherwise};
  if (value == nullptr || value->is_null()) return std::vector<std::int64_t>();
  if (value->is_array()) return int_list(object, "eos_token_id");
  CAIRN_ASSIGN(const std::int64_t id, get_int(object, "eos_token_id"));
  return std::vector<std::int64_t>{id};
}

Result<std::optional<ExpertsConfig>> read_experts(const json::object& object) {
  ExpertsConfig experts;
  CAIRN_ASSIGN(experts.count, int_or(object, "num_local_experts", 128));
  if (is_set(object, "num_experts")) {
    CAIRN_ASSIGN(const std::int64_t classic, get_int(object, "num_experts"));
    if (is_set(object, "num_local_experts") && classic != experts.count) {
      return invalid_argument("num_experts is " + std::to_string(classic) +
                              ", num_local_experts is " + std::to_string(experts.count));
    }
    experts.count = classic;
  }
  if (experts.count == 0) return std::optional<ExpertsConfig>();
  CAIRN_ASSIGN(experts.chosen, int_or(object, "num_experts_per_tok", 8));
  CAIRN_ASSIGN(experts.intermediate_size, int_or(object, "moe_intermediate_size", 768));
  CAIRN_ASSIGN(experts.normalise, bool_or(object, "norm_topk_prob", false));
  CAIRN_ASSIGN(experts.sparse_step, int_or(object, "decoder_sparse_step", 1));
  CAIRN_ASSIGN(experts.aux_loss_weight, double_or(object, "router_aux_loss_coef", 0.001));
  if (is_set(object, "mlp_only_layers")) {
    CAIRN_ASSIGN(experts.dense_layers, int_list(object, "mlp_only_layers"));
  }
  return std::optional<ExpertsConfig>(std::move(experts));
}

}  // namespace

bool ModelConfig::has_experts(std::int64_t layer) const {
  if (!experts || (layer + 1) % experts->sparse_step != 0) return false;
  const auto& dense = experts->dense_layers;
  return std::find(dense.begin(), dense.end(), layer) == dense.end();
}

Result<ModelConfig> config_from_json(const json::object& object) {
  CAIRN_ASSIGN(const std::string type, get_string(object, "model_type"));
  const auto* kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                  [&](const Kind& k) { return type == k.model_type; });
  if (kind == std::end(kKinds)) return unsupported("model_type", object.at("model_type"));
  CAIRN_TRY(refuse_other_maths(object));
  ModelConfig config;
  config.architecture = kind->architecture;
  CAIRN_ASSIGN(config.vocab_size, get_int(object, "vocab_size"));
  CAIRN_ASSIGN(config.hidden_size, get_int(object, "hidden_size"));
  CAIRN_ASSIGN(config.intermediate_size, get_int(object, "intermediate_size"));
  CAIRN_ASSIGN(config.layers, get_int(object, "num_hidden_layers"));
  CAIRN_ASSIGN(config.heads, get_int(object, "num_attention_heads"));
  const bool absent = object.if_contains("num_key_value_heads") == nullptr && kind->kv_heads > 0;
  CAIRN_ASSIGN(config.kv_heads,
               int_or(object, "num_key_value_heads", absent ? kind->kv_heads : config.heads));
  CAIRN_ASSIGN(config.head_dim, int_or(object, "head_dim", kind->head_dim));
  if (!is_set(object, "head_dim") && kind->head_dim == 0) {
    if (config.heads < 1 || config.hidden_size % config.heads != 0) {
      return invalid_argument("hidden_size (" + std::to_string(config.hidden_size) +
                                  ") is no multiple of num_attention_heads (" +
                                  std::to_string(config.heads) + ")",
                              "set head_dim");
    }
    config.head_dim = config.hidden_size / config.heads;
  }
  CAIRN_ASSIGN(config.rms_norm_eps, double_or(object, "rms_norm_eps", 1e-6));
  CAIRN_ASSIGN(config.max_positions,
               int_or(object, "max_position_embeddings", kind->max_positions));
  CAIRN_TRY(read_rope(object, config));
  if (kind->architecture == Architecture::kQwen3Moe) {
    CAIRN_ASSIGN(config.experts, read_experts(object));
  }
  CAIRN_ASSIGN(config.tied, bool_or(object, "tie_word_embeddings", false));
  CAIRN_ASSIGN(config.initializer_range, double_or(object, "initializer_range", 0.02));
  const bool names_bos = object.if_contains("bos_token_id") != nullptr;
  CAIRN_ASSIGN(config.bos_id, int_or(object, "bos_token_id", names_bos ? -1 : kind->bos_id));
  CAIRN_ASSIGN(config.pad_id, int_or(object, "pad_token_id", -1));
  CAIRN_ASSIGN(config.eos_ids, end_ids(object, kind->eos_id));
  CAIRN_TRY(check_config(config));
  return config;
}

Result<ModelConfig> read_config(const fs::path& model_folder) {
  const fs::path file = model_folder / "config.json";
  CAIRN_ASSIGN(const std::string text, real_file_system().read(file));
  auto object = parse_json_object(text);
  if (!object.ok()) return with_context(std::move(object).error(), file.string());
  auto config = config_from_json(*object);
  if (!config.ok()) return with_context(std::move(config).error(), file.string());
  return config;
}

namespace {

json::value id_or_null(std::int64_t id) {
  return id < 0 ? json::value() : json::value(id);
}

json::value yarn_json(const YarnConfig& yarn) {
  json::object object;
  object["rope_type"] = "yarn";
  object["factor"] = yarn.factor;
  object["original_max_position_embeddings"] = yarn.original_positions;
  object["beta_fast"] = yarn.beta_fast;
  object["beta_slow"] = yarn.beta_slow;
  if (yarn.attention_factor) object["attention_factor"] = *yarn.attention_factor;
  return object;
}

void add_experts(const std::optional<ExpertsConfig>& experts, json::object& object) {
  const ExpertsConfig values = experts.value_or(ExpertsConfig{});
  object["num_experts"] = values.count;
  if (!experts) return;
  object["num_experts_per_tok"] = values.chosen;
  object["moe_intermediate_size"] = values.intermediate_size;
  object["norm_topk_prob"] = values.normalise;
  object["decoder_sparse_step"] = values.sparse_step;
  object["mlp_only_layers"] = json::array(values.dense_layers.begin(), values.dense_layers.end());
  object["router_aux_loss_coef"] = values.aux_loss_weight;
  object["output_router_logits"] = false;
}

}  // namespace

json::object config_to_json(const ModelConfig& config, const std::string& dtype) {
  const Kind& kind = kind_of(config.architecture);
  json::object object;
  object["architectures"] = {kind.class_name};
  object["attention_bias"] = false;
  object["attention_dropout"] = 0.0;
  object["bos_token_id"] = id_or_null(config.bos_id);
  if (config.eos_ids.size() == 1) {
    object["eos_token_id"] = id_or_null(config.eos_ids.front());
  } else if (config.eos_ids.empty()) {
    object["eos_token_id"] = nullptr;
  } else {
    object["eos_token_id"] = json::array(config.eos_ids.begin(), config.eos_ids.end());
  }
  object["head_dim"] = config.head_dim;
  object["hidden_act"] = "silu";
  object["hidden_size"] = config.hidden_size;
  object["initializer_range"] = config.initializer_range;
  object["intermediate_size"] = config.intermediate_size;
  object["max_position_embeddings"] = config.max_positions;
  object["model_type"] = kind.model_type;
  object["num_attention_heads"] = config.heads;
  object["num_hidden_layers"] = config.layers;
  object["num_key_value_heads"] = config.kv_heads;
  object["pad_token_id"] = id_or_null(config.pad_id);
  object["rms_norm_eps"] = config.rms_norm_eps;
  object["rope_scaling"] = config.yarn ? yarn_json(*config.yarn) : json::value();
  object["rope_theta"] = config.rope_theta;
  object["tie_word_embeddings"] = config.tied;
  object["torch_dtype"] = dtype;
  object["use_cache"] = true;
  object["vocab_size"] = config.vocab_size;
  if (config.architecture == Architecture::kLlama) {
    object["mlp_bias"] = false;
    object["pretraining_tp"] = 1;
  } else {
    object["max_window_layers"] = config.layers;
    object["sliding_window"] = nullptr;
    object["use_sliding_window"] = false;
  }
  if (config.architecture == Architecture::kQwen3Moe) add_experts(config.experts, object);
  return object;
}

}  // namespace cairn::model
