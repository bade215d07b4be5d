#include "plugins/lib/model/parameters.h"

#include <algorithm>
#include <set>
#include <utility>

#include "plugins/lib/model/fused_experts.h"

namespace cairn::model {
namespace {

constexpr std::size_t kNamed = 5;  // of many tensors in one message

void want_mlp(ParameterShapes& tensors, const std::string& at, std::int64_t hidden,
              std::int64_t inner, const std::string& key) {
  tensors[at + "gate_proj.weight"] = {{inner, hidden}, key + ", hidden_size"};
  tensors[at + "up_proj.weight"] = {{inner, hidden}, key + ", hidden_size"};
  tensors[at + "down_proj.weight"] = {{hidden, inner}, "hidden_size, " + key};
}

Result<void> check_shape(const TensorView& view, const ParameterShape& wanted) {
  if (view.shape == wanted.shape) return {};
  return invalid_argument("tensor " + view.name + " has the shape " + shape_text(view.shape) +
                              ", but config.json says " + shape_text(wanted.shape) + " (" +
                              wanted.keys + ")",
                          kOtherModel);
}

Result<void> check_dtype(const TensorView& view) {
  if (view.dtype == Dtype::kF32 || view.dtype == Dtype::kF64 || view.dtype == Dtype::kF16 ||
      view.dtype == Dtype::kBf16) {
    return {};
  }
  return invalid_argument(
      "tensor " + view.name + " is of dtype " + to_string(view.dtype) + ", which is no weight's",
      "weights are F32, BF16, F16 or F64; a quantised checkpoint must be converted first");
}

std::string named(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamed); ++i) {
    text += (i > 0 ? ", " : "") + names[i];
  }
  if (names.size() > kNamed) text += " and " + std::to_string(names.size() - kNamed) + " more";
  return text;
}

// To the last bit, whatever the dtypes.
Result<bool> same_values(const TensorView& a, const TensorView& b) {
  if (a.shape != b.shape) return false;
  if (a.dtype == b.dtype) return std::ranges::equal(a.data, b.data);
  CAIRN_ASSIGN(const std::vector<float> left, to_f32(a));
  CAIRN_ASSIGN(const std::vector<float> right, to_f32(b));
  return left == right;
}

// A tied head may lie in the file when it is the embedding; inverse frequencies of old checkpoints
// are computed. Anything else that is not asked for is of another model.
Result<void> check_rest(const std::map<std::string, TensorView>& rest, const TensorView& embedding,
                        const ModelConfig& config, const fs::path& folder) {
  std::vector<std::string> unknown;
  for (const auto& [name, view] : rest) {
    if (name.ends_with("rotary_emb.inv_freq")) continue;
    if (!config.tied || name != "lm_head.weight") {
      unknown.push_back(name);
      continue;
    }
    CAIRN_ASSIGN(const bool same, same_values(view, embedding));
    if (!same) {
      return invalid_argument(
          "tensor lm_head.weight differs from model.embed_tokens.weight, but config.json says "
          "tie_word_embeddings",
          kOtherModel);
    }
  }
  if (unknown.empty()) return {};
  return invalid_argument(
      "tensors in " + folder.string() +
          " that a model of its config.json does not have: " + named(unknown),
      "num_hidden_layers is " + std::to_string(config.layers) + "; " + kOtherModel);
}

}  // namespace

std::string layer_name(std::int64_t layer) {
  return "model.layers." + std::to_string(layer) + ".";
}

std::string expert_name(std::int64_t layer, std::int64_t expert) {
  return layer_name(layer) + "mlp.experts." + std::to_string(expert) + ".";
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  }
  return text + "]";
}

ParameterShapes parameter_shapes(const ModelConfig& config) {
  const std::int64_t h = config.hidden_size, d = config.head_dim;
  ParameterShapes tensors;
  tensors["model.embed_tokens.weight"] = {{config.vocab_size, h}, "vocab_size, hidden_size"};
  tensors["model.norm.weight"] = {{h}, "hidden_size"};
  if (!config.tied) tensors["lm_head.weight"] = {{config.vocab_size, h}, "vocab_size, hidden_size"};
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = layer_name(i);
    const std::string kv = "num_key_value_heads x head_dim, hidden_size";
    tensors[layer + "input_layernorm.weight"] = {{h}, "hidden_size"};
    tensors[layer + "post_attention_layernorm.weight"] = {{h}, "hidden_size"};
    tensors[layer + "self_attn.q_proj.weight"] = {{config.heads * d, h},
                                                  "num_attention_heads x head_dim, hidden_size"};
    tensors[layer + "self_attn.k_proj.weight"] = {{config.kv_heads * d, h}, kv};
    tensors[layer + "self_attn.v_proj.weight"] = {{config.kv_heads * d, h}, kv};
    tensors[layer + "self_attn.o_proj.weight"] = {{h, config.heads * d},
                                                  "hidden_size, num_attention_heads x head_dim"};
    if (config.norms_heads()) {
      tensors[layer + "self_attn.q_norm.weight"] = {{d}, "head_dim"};
      tensors[layer + "self_attn.k_norm.weight"] = {{d}, "head_dim"};
    }
    if (!config.has_experts(i)) {
      want_mlp(tensors, layer + "mlp.", h, config.intermediate_size, "intermediate_size");
      continue;
    }
    tensors[layer + "mlp.gate.weight"] = {{config.experts->count, h}, "num_experts, hidden_size"};
    for (std::int64_t e = 0; e < config.experts->count; ++e) {
      want_mlp(tensors, expert_name(i, e), h, config.experts->intermediate_size,
               "moe_intermediate_size");
    }
  }
  return tensors;
}

std::vector<TensorPlan> parameter_plan(const ModelConfig& config, Dtype dtype) {
  std::vector<TensorPlan> plan;
  for (auto& [name, wanted] : parameter_shapes(config)) {
    plan.push_back({name, dtype, wanted.shape});
  }
  return plan;
}

Result<std::map<std::string, TensorView>> parameter_views(const Weights& weights,
                                                          const ModelConfig& config,
                                                          const fs::path& folder) {
  std::map<std::string, TensorView> stored;
  for (const TensorView* tensor : weights.tensors()) {
    CAIRN_ASSIGN(std::vector<TensorView> parts, split_experts(*tensor));
    for (TensorView& part : parts) {
      if (!stored.emplace(part.name, part).second) {
        return corrupt("tensor " + part.name + " is in " + folder.string() +
                           " twice: by itself and among fused experts",
                       "remove one of the two layouts");
      }
    }
  }
  std::map<std::string, TensorView> views;
  std::vector<std::string> missing;
  for (const auto& [name, wanted] : parameter_shapes(config)) {
    const auto found = stored.find(name);
    if (found == stored.end()) {
      missing.push_back(name);
      continue;
    }
    CAIRN_TRY(check_shape(found->second, wanted));
    CAIRN_TRY(check_dtype(found->second));
    views.insert(stored.extract(found));
  }
  if (!missing.empty()) {
    return invalid_argument("missing in " + folder.string() + ": " + named(missing),
                            "the checkpoint is incomplete, or config.json (num_hidden_layers, "
                            "model_type, tie_word_embeddings) is another model's");
  }
  CAIRN_TRY(check_rest(stored, views.at("model.embed_tokens.weight"), config, folder));
  return views;
}

}  // namespace cairn::model
