// Weights of a CausalLm: what a configuration asks for, drawn or read from files.
#include <algorithm>
#include <set>

#include "core/base/random.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/device.h"
#include "plugins/lib/model/memory.h"

namespace cairn::model {
namespace {

constexpr const char* kLowerWeights = "a smaller model, or bfloat16 compute, takes less";
constexpr const char* kOtherModel =
    "config.json and the weights belong to different models, or one of them was edited";
constexpr std::size_t kNamed = 5;  // of many tensors in one message

// A parameter and the keys of config.json that give its shape.
struct Wanted {
  std::vector<std::int64_t> shape;
  std::string keys;
};

using WantedTensors = std::map<std::string, Wanted>;

void want_mlp(WantedTensors& tensors, const std::string& at, std::int64_t hidden,
              std::int64_t inner, const std::string& key) {
  tensors[at + "gate_proj.weight"] = {{inner, hidden}, key + ", hidden_size"};
  tensors[at + "up_proj.weight"] = {{inner, hidden}, key + ", hidden_size"};
  tensors[at + "down_proj.weight"] = {{hidden, inner}, "hidden_size, " + key};
}

std::string layer_name(std::int64_t layer) {
  return "model.layers." + std::to_string(layer) + ".";
}

std::string expert_name(std::int64_t layer, std::int64_t expert) {
  return layer_name(layer) + "mlp.experts." + std::to_string(expert) + ".";
}

WantedTensors wanted_tensors(const ModelConfig& config) {
  const std::int64_t h = config.hidden_size, d = config.head_dim;
  WantedTensors tensors;
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

std::int64_t elements(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

// Sizes of a config are only bounded by int64: added up in double.
Result<std::int64_t> weight_bytes(const ModelConfig& config, std::int64_t bytes_each) {
  const auto h = static_cast<double>(config.hidden_size);
  const double heads = static_cast<double>(config.heads + config.kv_heads) * 2;
  double mlp = 3 * h * static_cast<double>(config.intermediate_size);
  if (config.experts) {
    mlp = std::min(mlp, 3 * h * static_cast<double>(config.experts->intermediate_size) *
                            static_cast<double>(config.experts->count));
  }
  const double layer = h * heads * static_cast<double>(config.head_dim) + mlp;
  const double least = (static_cast<double>(config.vocab_size) * h * (config.tied ? 1 : 2) +
                        layer * static_cast<double>(config.layers)) *
                       static_cast<double>(bytes_each);
  constexpr double kNoMachineHasIt = 1e15;
  if (least > kNoMachineHasIt) {
    return make_error(ErrorCode::kResourceExhausted,
                      "config.json describes a model of more than " +
                          bytes_text(static_cast<std::int64_t>(kNoMachineHasIt)),
                      "check vocab_size, hidden_size, intermediate_size and num_hidden_layers");
  }
  std::int64_t bytes = 0;
  for (const auto& [name, wanted] : wanted_tensors(config)) bytes += elements(wanted.shape);
  return bytes * bytes_each;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  }
  return text + "]";
}

Result<void> check_shape(const TensorView& view, const Wanted& wanted) {
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

// Reads a folder's tensors by the names of parameters.
class Reader {
 public:
  Reader(const fs::path& folder, const ModelConfig& config, const Weights& weights,
         at::ScalarType compute)
      : folder_(folder), config_(config), weights_(weights), compute_(compute) {}

  Result<std::map<std::string, at::Tensor>> read() {
    const WantedTensors wanted = wanted_tensors(config_);
    for (std::int64_t i = 0; i < config_.layers; ++i) {
      if (config_.has_experts(i)) CAIRN_TRY(read_fused(i));
    }
    std::vector<std::string> missing;
    for (const auto& [name, tensor] : wanted) {
      if (parameters_.count(name) > 0) continue;
      const TensorView* view = weights_.find(name);
      if (view == nullptr) {
        missing.push_back(name);
        continue;
      }
      CAIRN_TRY(check_shape(*view, tensor));
      CAIRN_ASSIGN(parameters_[name], values_of(*view));
      used_.insert(name);
    }
    if (!missing.empty()) {
      return invalid_argument("missing in " + folder_.string() + ": " + named(missing),
                              "the checkpoint is incomplete, or config.json (num_hidden_layers, "
                              "model_type, tie_word_embeddings) is another model's");
    }
    CAIRN_TRY(check_rest());
    return std::move(parameters_);
  }

 private:
  Result<at::Tensor> values_of(const TensorView& view) const {
    CAIRN_TRY(check_dtype(view));
    at::Tensor tensor = at::empty(view.shape, at::kFloat);
    CAIRN_TRY(to_f32(view, {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}));
    return tensor.to(compute_);
  }

  // gate_up_proj [experts, 2 * intermediate, hidden], gate first; down_proj [experts, hidden,
  // intermediate].
  Result<void> read_fused(std::int64_t layer) {
    const std::string at = layer_name(layer) + "mlp.experts.";
    const TensorView* gate_up = weights_.find(at + "gate_up_proj");
    const TensorView* down = weights_.find(at + "down_proj");
    if (gate_up == nullptr || down == nullptr) return {};
    const ExpertsConfig& experts = *config_.experts;
    const std::int64_t inner = experts.intermediate_size, h = config_.hidden_size;
    CAIRN_TRY(check_shape(*gate_up, {{experts.count, 2 * inner, h},
                                     "num_experts, 2 x moe_intermediate_size, hidden_size"}));
    CAIRN_TRY(check_shape(
        *down, {{experts.count, h, inner}, "num_experts, hidden_size, moe_intermediate_size"}));
    CAIRN_ASSIGN(const at::Tensor both, values_of(*gate_up));
    CAIRN_ASSIGN(const at::Tensor back, values_of(*down));
    for (std::int64_t e = 0; e < experts.count; ++e) {
      const std::string name = expert_name(layer, e);
      parameters_[name + "gate_proj.weight"] = both[e].narrow(0, 0, inner).clone();
      parameters_[name + "up_proj.weight"] = both[e].narrow(0, inner, inner).clone();
      parameters_[name + "down_proj.weight"] = back[e].clone();
    }
    used_.insert({gate_up->name, down->name});
    return {};
  }

  // A tied head may lie in the file when it is the embedding; inverse frequencies of old
  // checkpoints are computed. Anything else unread is of another model.
  Result<void> check_rest() const {
    std::vector<std::string> rest;
    for (const TensorView* view : weights_.tensors()) {
      if (used_.count(view->name) > 0 || view->name.ends_with("rotary_emb.inv_freq")) continue;
      if (config_.tied && view->name == "lm_head.weight") {
        CAIRN_ASSIGN(const at::Tensor head, values_of(*view));
        if (at::equal(head, parameters_.at("model.embed_tokens.weight"))) continue;
        return invalid_argument(
            "tensor lm_head.weight differs from model.embed_tokens.weight, but config.json says "
            "tie_word_embeddings",
            kOtherModel);
      }
      rest.push_back(view->name);
    }
    if (rest.empty()) return {};
    return invalid_argument(
        "tensors in " + folder_.string() +
            " that a model of its config.json does not have: " + named(rest),
        "num_hidden_layers is " + std::to_string(config_.layers) + "; " + kOtherModel);
  }

  const fs::path& folder_;
  const ModelConfig& config_;
  const Weights& weights_;
  at::ScalarType compute_;
  std::map<std::string, at::Tensor> parameters_;
  std::set<std::string> used_;
};

// Draws keyed by the tensor's name; two by two (Box and Muller).
void fill_normal(float* values, std::int64_t count, double deviation, std::uint64_t seed,
                 const std::string& name) {
  RandomStream random(seed, "init:" + name);
  for (std::int64_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(random.normal() * deviation);
  }
}

}  // namespace

std::vector<TensorPlan> parameter_plan(const ModelConfig& config, Dtype dtype) {
  std::vector<TensorPlan> plan;
  for (auto& [name, wanted] : wanted_tensors(config)) plan.push_back({name, dtype, wanted.shape});
  return plan;
}

CausalLm::CausalLm(ModelConfig config, std::map<std::string, at::Tensor> parameters)
    : config_(std::move(config)), parameters_(std::move(parameters)) {
  bind_layers();
}

void CausalLm::bind_layers() {
  const auto take = [this](const std::string& name) {
    const auto found = parameters_.find(name);
    return found == parameters_.end() ? at::Tensor() : found->second;
  };
  layers_.clear();
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const std::string layer = layer_name(i);
    layers_.push_back({take(layer + "input_layernorm.weight"),
                       take(layer + "self_attn.q_proj.weight"),
                       take(layer + "self_attn.k_proj.weight"),
                       take(layer + "self_attn.v_proj.weight"),
                       take(layer + "self_attn.q_norm.weight"),
                       take(layer + "self_attn.k_norm.weight"),
                       take(layer + "self_attn.o_proj.weight"),
                       take(layer + "post_attention_layernorm.weight"),
                       take(layer + "mlp.gate_proj.weight"),
                       take(layer + "mlp.up_proj.weight"),
                       take(layer + "mlp.down_proj.weight"),
                       take(layer + "mlp.gate.weight"),
                       {}});
    for (std::int64_t e = 0; config_.has_experts(i) && e < config_.experts->count; ++e) {
      const std::string expert = expert_name(i, e);
      layers_.back().experts.push_back({take(expert + "gate_proj.weight"),
                                        take(expert + "up_proj.weight"),
                                        take(expert + "down_proj.weight")});
    }
  }
  embedding_ = take("model.embed_tokens.weight");
  head_ = config_.tied ? embedding_ : take("lm_head.weight");
  final_norm_ = take("model.norm.weight");
}

Result<CausalLm> CausalLm::init(const ModelConfig& config, std::uint64_t seed) {
  CAIRN_TRY(check_config(config));
  CAIRN_ASSIGN(const std::int64_t bytes, weight_bytes(config, sizeof(float)));
  CAIRN_TRY(check_memory(bytes, "a model of this config", kLowerWeights));
  return guarded("new weights", bytes, kLowerWeights, [&]() -> Result<CausalLm> {
    std::map<std::string, at::Tensor> parameters;
    std::vector<std::pair<std::string, at::Tensor>> drawn;
    for (const TensorPlan& plan : parameter_plan(config, Dtype::kF32)) {
      const at::Tensor tensor = at::ones(plan.shape, at::kFloat);
      parameters.emplace(plan.name, tensor);
      if (!plan.name.ends_with("norm.weight")) drawn.emplace_back(plan.name, tensor);
    }
    at::parallel_for(0, static_cast<std::int64_t>(drawn.size()), 1,
                     [&](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t i = begin; i < end; ++i) {
                         const auto& [name, tensor] = drawn[static_cast<std::size_t>(i)];
                         fill_normal(tensor.data_ptr<float>(), tensor.numel(),
                                     config.initializer_range, seed, name);
                       }
                     });
    return CausalLm(config, std::move(parameters));
  });
}

Result<CausalLm> CausalLm::load(const fs::path& folder, at::ScalarType compute) {
  CAIRN_ASSIGN(const ModelConfig config, read_config(folder));
  CAIRN_ASSIGN(const Weights weights, Weights::open(folder));
  const auto each = static_cast<std::int64_t>(c10::elementSize(compute));
  CAIRN_ASSIGN(const std::int64_t bytes, weight_bytes(config, each));
  CAIRN_TRY(check_memory(bytes, "the model in " + folder.string(), kLowerWeights));
  return guarded("the weights of " + folder.string(), bytes, kLowerWeights,
                 [&]() -> Result<CausalLm> {
                   Reader reader(folder, config, weights, compute);
                   CAIRN_ASSIGN(auto parameters, reader.read());
                   return CausalLm(config, std::move(parameters));
                 });
}

Result<void> CausalLm::move_to(const at::Device& device) {
  CAIRN_TRY(check_device(device));
  const auto bytes = parameter_count() * embedding_.element_size();
  return guarded("moving the model to " + device.str(), bytes, kLowerWeights,
                 [&]() -> Result<void> {
                   for (auto& [name, tensor] : parameters_) {
                     const bool trained = tensor.requires_grad();
                     tensor = tensor.detach().to(device).set_requires_grad(trained);
                   }
                   bind_layers();
                   return {};
                 });
}

Result<void> CausalLm::set_parameter(const std::string& name, const at::Tensor& values) {
  const auto found = parameters_.find(name);
  if (found == parameters_.end()) return not_found("the model has no parameter " + name);
  if (found->second.sizes() != values.sizes()) {
    return invalid_argument("tensor " + name + " has the shape " +
                                shape_text(values.sizes().vec()) + ", the model wants " +
                                shape_text(found->second.sizes().vec()),
                            kOtherModel);
  }
  const at::NoGradGuard no_grad;
  found->second.copy_(values);
  return {};
}

}  // namespace cairn::model
