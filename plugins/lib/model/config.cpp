#include "plugins/lib/model/config.h"

#include <algorithm>
#include <string>

namespace cairn::model {
namespace {

Error unsupported(const std::string& what) {
  return invalid_argument(what, "Cairn computes dense Qwen3 models (model_type qwen3)");
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

Result<void> refuse_true(const json::object& object, std::string_view key) {
  if (!is_set(object, key)) return {};
  CAIRN_ASSIGN(const bool on, get_bool(object, key));
  if (on)
    return unsupported("config.json sets " + std::string(key) + ", which Cairn cannot compute");
  return {};
}

// rope_theta stands alone (classic) or inside rope_parameters (transformers 5).
Result<double> rope_theta(const json::object& object) {
  if (is_set(object, "rope_scaling")) {
    return unsupported("config.json sets rope_scaling, which Cairn cannot compute");
  }
  if (!is_set(object, "rope_parameters")) return double_or(object, "rope_theta", 10000.0);
  CAIRN_ASSIGN(const json::object* rope, get_object(object, "rope_parameters"));
  if (is_set(*rope, "rope_type")) {
    CAIRN_ASSIGN(const std::string type, get_string(*rope, "rope_type"));
    if (type != "default") return unsupported("config.json asks for rope_type " + type);
  }
  CAIRN_ASSIGN(const double fallback, double_or(object, "rope_theta", 10000.0));
  return double_or(*rope, "rope_theta", fallback);
}

Result<std::vector<std::int64_t>> end_ids(const json::object& object) {
  std::vector<std::int64_t> ids;
  if (!is_set(object, "eos_token_id")) return ids;
  if (object.at("eos_token_id").is_array()) {
    for (const json::value& id : object.at("eos_token_id").get_array()) {
      if (!id.is_int64()) return invalid_argument("'eos_token_id' holds something else than ids");
      ids.push_back(id.get_int64());
    }
    return ids;
  }
  CAIRN_ASSIGN(const std::int64_t id, get_int(object, "eos_token_id"));
  ids.push_back(id);
  return ids;
}

}  // namespace

bool ModelConfig::has_experts(std::int64_t layer) const {
  if (!experts || (layer + 1) % experts->sparse_step != 0) return false;
  const auto& dense = experts->dense_layers;
  return std::find(dense.begin(), dense.end(), layer) == dense.end();
}

Result<void> check_config(const ModelConfig& config) {
  const auto positive = [](std::int64_t value, const char* name) -> Result<void> {
    if (value >= 1) return {};
    return invalid_argument(std::string(name) + " must be at least 1, not " +
                            std::to_string(value));
  };
  CAIRN_TRY(positive(config.vocab_size, "vocab_size"));
  CAIRN_TRY(positive(config.hidden_size, "hidden_size"));
  CAIRN_TRY(positive(config.intermediate_size, "intermediate_size"));
  CAIRN_TRY(positive(config.layers, "num_hidden_layers"));
  CAIRN_TRY(positive(config.heads, "num_attention_heads"));
  CAIRN_TRY(positive(config.kv_heads, "num_key_value_heads"));
  CAIRN_TRY(positive(config.head_dim, "head_dim"));
  if (config.heads % config.kv_heads != 0) {
    return invalid_argument("num_attention_heads (" + std::to_string(config.heads) +
                            ") is no multiple of num_key_value_heads (" +
                            std::to_string(config.kv_heads) + ")");
  }
  if (config.head_dim % 2 != 0) {
    return invalid_argument("head_dim must be even to be rotated, not " +
                            std::to_string(config.head_dim));
  }
  return {};
}

Result<ModelConfig> config_from_json(const json::object& object) {
  CAIRN_ASSIGN(const std::string type, get_string(object, "model_type"));
  if (type != "qwen3") return unsupported("config.json is of a model of type " + type);
  CAIRN_TRY(refuse_true(object, "attention_bias"));
  CAIRN_TRY(refuse_true(object, "use_sliding_window"));
  if (is_set(object, "hidden_act")) {
    CAIRN_ASSIGN(const std::string activation, get_string(object, "hidden_act"));
    if (activation != "silu") return unsupported("config.json asks for hidden_act " + activation);
  }
  ModelConfig config;
  CAIRN_ASSIGN(config.vocab_size, get_int(object, "vocab_size"));
  CAIRN_ASSIGN(config.hidden_size, get_int(object, "hidden_size"));
  CAIRN_ASSIGN(config.intermediate_size, get_int(object, "intermediate_size"));
  CAIRN_ASSIGN(config.layers, get_int(object, "num_hidden_layers"));
  CAIRN_ASSIGN(config.heads, get_int(object, "num_attention_heads"));
  CAIRN_ASSIGN(config.kv_heads, int_or(object, "num_key_value_heads", config.heads));
  CAIRN_ASSIGN(config.head_dim, int_or(object, "head_dim", 128));
  CAIRN_ASSIGN(config.rms_norm_eps, double_or(object, "rms_norm_eps", 1e-6));
  CAIRN_ASSIGN(config.rope_theta, rope_theta(object));
  config.tied = false;
  if (is_set(object, "tie_word_embeddings")) {
    CAIRN_ASSIGN(config.tied, get_bool(object, "tie_word_embeddings"));
  }
  CAIRN_ASSIGN(config.max_positions, int_or(object, "max_position_embeddings", 32768));
  CAIRN_ASSIGN(config.initializer_range, double_or(object, "initializer_range", 0.02));
  CAIRN_ASSIGN(config.bos_id, int_or(object, "bos_token_id", -1));
  CAIRN_ASSIGN(config.pad_id, int_or(object, "pad_token_id", -1));
  CAIRN_ASSIGN(config.eos_ids, end_ids(object));
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

json::object config_to_json(const ModelConfig& config, const std::string& dtype) {
  const auto id_or_null = [](std::int64_t id) { return id < 0 ? json::value() : json::value(id); };
  json::object object;
  object["architectures"] = {"Qwen3ForCausalLM"};
  object["attention_bias"] = false;
  object["attention_dropout"] = 0.0;
  object["bos_token_id"] = id_or_null(config.bos_id);
  if (config.eos_ids.size() == 1) {
    object["eos_token_id"] = config.eos_ids.front();
  } else {
    object["eos_token_id"] = json::array(config.eos_ids.begin(), config.eos_ids.end());
  }
  object["head_dim"] = config.head_dim;
  object["hidden_act"] = "silu";
  object["hidden_size"] = config.hidden_size;
  object["initializer_range"] = config.initializer_range;
  object["intermediate_size"] = config.intermediate_size;
  object["max_position_embeddings"] = config.max_positions;
  object["max_window_layers"] = config.layers;
  object["model_type"] = "qwen3";
  object["num_attention_heads"] = config.heads;
  object["num_hidden_layers"] = config.layers;
  object["num_key_value_heads"] = config.kv_heads;
  object["pad_token_id"] = id_or_null(config.pad_id);
  object["rms_norm_eps"] = config.rms_norm_eps;
  object["rope_scaling"] = nullptr;
  object["rope_theta"] = config.rope_theta;
  object["sliding_window"] = nullptr;
  object["tie_word_embeddings"] = config.tied;
  object["torch_dtype"] = dtype;
  object["use_cache"] = true;
  object["use_sliding_window"] = false;
  object["vocab_size"] = config.vocab_size;
  return object;
}

}  // namespace cairn::model
