#include "plugins/lib/model/gguf_model.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "core/base/json.h"

namespace cairn::model {
namespace {

constexpr const char* kArchitecture = "llama";

Error unsupported(const std::string& key, const GgufValue& value) {
  return invalid_argument(
      "the key " + key + " is " + json::serialize(to_json(value)) + ", which Cairn cannot compute",
      "Cairn imports GGUF files of the architecture llama, without experts, scaled positions or "
      "other additions");
}

// Keys of the architecture that the configuration is read from, or that change nothing.
const std::set<std::string_view>& known_keys() {
  static const std::set<std::string_view> keys = {
      "llama.block_count",
      "llama.context_length",
      "llama.embedding_length",
      "llama.feed_forward_length",
      "llama.attention.head_count",
      "llama.attention.head_count_kv",
      "llama.attention.key_length",
      "llama.attention.value_length",
      "llama.attention.layer_norm_rms_epsilon",
      "llama.rope.freq_base",
      "llama.rope.dimension_count",
      "llama.vocab_size",
  };
  return keys;
}

// Keys that may stand there with the one value that changes nothing.
bool means_nothing(const std::string& key, const GgufValue& value) {
  const json::value found = to_json(value);
  if (key == "llama.rope.scaling.type") return found == "none";
  if (key == "llama.rope.scaling.factor" || key == "llama.rope.scale_linear") return found == 1.0;
  if (key == "llama.expert_count" || key == "llama.expert_used_count") return found == 0;
  if (key == "llama.attention.causal") return found == true;
  return false;
}

Result<void> check_keys(const GgufFile& file) {
  CAIRN_ASSIGN(const std::string architecture, file.text("general.architecture"));
  if (architecture != kArchitecture) {
    return unsupported("general.architecture",
                       file.metadata().find("general.architecture")->second);
  }
  if (file.has("split.count")) {
    CAIRN_ASSIGN(const std::int64_t parts, file.integer("split.count"));
    if (parts > 1) {
      return invalid_argument(
          "the file is one of " + std::to_string(parts) + " parts (split.count)",
          "merge them into one file first");
    }
  }
  for (const auto& [key, value] : file.metadata()) {
    if (!key.starts_with("llama.") || known_keys().contains(key)) continue;
    if (!means_nothing(key, value)) return unsupported(key, value);
  }
  return {};
}

Result<std::int64_t> integer_or(const GgufFile& file, std::string_view key,
                                std::int64_t otherwise) {
  if (!file.has(key)) return otherwise;
  return file.integer(key);
}

Result<void> expect_equal(const char* key, std::int64_t value, std::int64_t wanted,
                          const char* reason) {
  if (value == wanted) return {};
  return invalid_argument("the key " + std::string(key) + " is " + std::to_string(value) +
                          ", not " + std::to_string(wanted) + ", " + reason);
}

Result<void> read_ids(const GgufFile& file, ModelConfig& config) {
  CAIRN_ASSIGN(config.bos_id, integer_or(file, "tokenizer.ggml.bos_token_id", -1));
  CAIRN_ASSIGN(config.pad_id, integer_or(file, "tokenizer.ggml.padding_token_id", -1));
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"}) {
    CAIRN_ASSIGN(const std::int64_t id, integer_or(file, key, -1));
    const bool known =
        std::find(config.eos_ids.begin(), config.eos_ids.end(), id) != config.eos_ids.end();
    if (id >= 0 && !known) config.eos_ids.push_back(id);
  }
  return {};
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return json::serialize(json::array(shape.begin(), shape.end()));
}

struct Wanted {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t interleaved_heads = 0;
};

// GGUF name -> the checkpoint's.
std::map<std::string, Wanted, std::less<>> wanted_tensors(const ModelConfig& config) {
  const std::int64_t h = config.hidden_size, f = config.intermediate_size, d = config.head_dim;
  const std::int64_t q = config.heads * d, kv = config.kv_heads * d;
  std::map<std::string, Wanted, std::less<>> wanted;
  wanted["token_embd.weight"] = {"model.embed_tokens.weight", {config.vocab_size, h}};
  wanted["output_norm.weight"] = {"model.norm.weight", {h}};
  if (!config.tied) wanted["output.weight"] = {"lm_head.weight", {config.vocab_size, h}};
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string from = "blk." + std::to_string(i) + ".";
    const std::string to = "model.layers." + std::to_string(i) + ".";
    wanted[from + "attn_norm.weight"] = {to + "input_layernorm.weight", {h}};
    wanted[from + "attn_q.weight"] = {to + "self_attn.q_proj.weight", {q, h}, config.heads};
    wanted[from + "attn_k.weight"] = {to + "self_attn.k_proj.weight", {kv, h}, config.kv_heads};
    wanted[from + "attn_v.weight"] = {to + "self_attn.v_proj.weight", {kv, h}};
    wanted[from + "attn_output.weight"] = {to + "self_attn.o_proj.weight", {h, q}};
    wanted[from + "ffn_norm.weight"] = {to + "post_attention_layernorm.weight", {h}};
    wanted[from + "ffn_gate.weight"] = {to + "mlp.gate_proj.weight", {f, h}};
    wanted[from + "ffn_up.weight"] = {to + "mlp.up_proj.weight", {f, h}};
    wanted[from + "ffn_down.weight"] = {to + "mlp.down_proj.weight", {h, f}};
  }
  return wanted;
}

}  // namespace

Result<ModelConfig> gguf_config(const GgufFile& file) {
  CAIRN_TRY(check_keys(file));
  const GgufTensor* embedding = file.find("token_embd.weight");
  if (embedding == nullptr) return corrupt("the tensor token_embd.weight is missing");
  ModelConfig config;
  config.architecture = Architecture::kLlama;
  CAIRN_ASSIGN(config.layers, file.integer("llama.block_count"));
  CAIRN_ASSIGN(config.max_positions, file.integer("llama.context_length"));
  CAIRN_ASSIGN(config.hidden_size, file.integer("llama.embedding_length"));
  CAIRN_ASSIGN(config.intermediate_size, file.integer("llama.feed_forward_length"));
  CAIRN_ASSIGN(config.heads, file.integer("llama.attention.head_count"));
  CAIRN_ASSIGN(config.kv_heads, integer_or(file, "llama.attention.head_count_kv", config.heads));
  CAIRN_ASSIGN(config.rms_norm_eps, file.number("llama.attention.layer_norm_rms_epsilon"));
  config.rope_theta = 10000.0;
  if (file.has("llama.rope.freq_base")) {
    CAIRN_ASSIGN(config.rope_theta, file.number("llama.rope.freq_base"));
  }
  CAIRN_ASSIGN(config.head_dim,
               integer_or(file, "llama.attention.key_length",
                          config.hidden_size / std::max<std::int64_t>(config.heads, 1)));
  CAIRN_ASSIGN(const std::int64_t value_dim,
               integer_or(file, "llama.attention.value_length", config.head_dim));
  CAIRN_TRY(expect_equal("llama.attention.value_length", value_dim, config.head_dim,
                         "the size of a head's keys"));
  CAIRN_ASSIGN(const std::int64_t rotated,
               integer_or(file, "llama.rope.dimension_count", config.head_dim));
  CAIRN_TRY(expect_equal("llama.rope.dimension_count", rotated, config.head_dim,
                         "the size of a head: Cairn rotates all of it"));
  config.vocab_size = embedding->shape.front();
  CAIRN_ASSIGN(const std::int64_t vocab, integer_or(file, "llama.vocab_size", config.vocab_size));
  CAIRN_TRY(
      expect_equal("llama.vocab_size", vocab, config.vocab_size, "the rows of token_embd.weight"));
  config.tied = file.find("output.weight") == nullptr;
  CAIRN_TRY(read_ids(file, config));
  CAIRN_TRY(check_config(config));
  return config;
}

Result<std::vector<GgufParameter>> gguf_parameters(const GgufFile& file,
                                                   const ModelConfig& config) {
  const auto wanted = wanted_tensors(config);
  std::vector<GgufParameter> parameters;
  for (const GgufTensor& tensor : file.tensors()) {
    const auto found = wanted.find(tensor.name);
    if (found == wanted.end()) {
      return invalid_argument("the tensor " + tensor.name + " has no place in a llama model of " +
                                  std::to_string(config.layers) + " layers as Cairn computes it",
                              "the file is of another architecture, or scales its positions");
    }
    if (tensor.shape != found->second.shape) {
      return invalid_argument("the tensor " + tensor.name + " has the shape " +
                                  shape_text(tensor.shape) + ", the metadata want " +
                                  shape_text(found->second.shape),
                              "the file contradicts itself: fetch or convert it anew");
    }
    parameters.push_back({found->second.name, &tensor, found->second.interleaved_heads});
  }
  for (const auto& [name, ignored] : wanted) {
    if (file.find(name) == nullptr) return corrupt("the tensor " + name + " is missing");
  }
  std::sort(parameters.begin(), parameters.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return parameters;
}

std::vector<float> gguf_values(const GgufParameter& parameter) {
  const GgufTensor& tensor = *parameter.tensor;
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
  const std::int64_t width = tensor.row_size();
  const std::int64_t rows = tensor.elements() / width;
  if (parameter.interleaved_heads == 0) {
    dequantise(tensor, 0, rows, values);
    return values;
  }
  const std::int64_t head = rows / parameter.interleaved_heads;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t in_head = row % head;
    const std::int64_t place = row - in_head + in_head % 2 * (head / 2) + in_head / 2;
    dequantise(tensor, row, 1,
               std::span(values).subspan(static_cast<std::size_t>(place * width),
                                         static_cast<std::size_t>(width)));
  }
  return values;
}

}  // namespace cairn::model
