// Weights of a CausalLm: what a configuration asks for, drawn or read from files.
#include <algorithm>

#include "core/base/random.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/device.h"
#include "plugins/lib/model/memory.h"
#include "plugins/lib/model/parameters.h"

namespace cairn::model {
namespace {

constexpr const char* kLowerWeights = "a smaller model, or bfloat16 compute, takes less";

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
  for (const auto& [name, wanted] : parameter_shapes(config)) bytes += elements(wanted.shape);
  return bytes * bytes_each;
}

Result<std::map<std::string, at::Tensor>> read_parameters(
    const std::map<std::string, TensorView>& views, at::ScalarType compute) {
  std::map<std::string, at::Tensor> parameters;
  for (const auto& [name, view] : views) {
    at::Tensor tensor = at::empty(view.shape, at::kFloat);
    CAIRN_TRY(to_f32(view, {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}));
    parameters[name] = tensor.to(compute);
  }
  return parameters;
}

// Draws keyed by the tensor's name; two by two (Box and Muller).
void fill_normal(float* values, std::int64_t count, double deviation, std::uint64_t seed,
                 const std::string& name) {
  RandomStream random(seed, "init:" + name);
  for (std::int64_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(random.normal() * deviation);
  }
}

}  // namespace

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
                   CAIRN_ASSIGN(const auto views, parameter_views(weights, config, folder));
                   CAIRN_ASSIGN(auto parameters, read_parameters(views, compute));
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
