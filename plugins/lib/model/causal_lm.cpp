#include "plugins/lib/model/causal_lm.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/random.h"
#include "plugins/lib/model/attention.h"
#include "plugins/lib/model/layer.h"
#include "plugins/lib/model/ops.h"

namespace cairn::model {
namespace {

bool is_norm(const std::string& name) {
  return name.ends_with("norm.weight");
}

// Draws keyed by the tensor's name; two by two (Box and Muller).
void fill_normal(at::Tensor& tensor, double deviation, std::uint64_t seed,
                 const std::string& name) {
  RandomStream random(seed, "init:" + name);
  auto* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = static_cast<float>(random.normal() * deviation);
  }
}

Error shape_error(const std::string& name, const std::string& found, const std::string& wanted) {
  return invalid_argument(
      "tensor " + name + " has the shape " + found + ", the config wants " + wanted,
      "config.json and the weights belong to different models");
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  }
  return text + "]";
}

// One row's positions: a child segment goes on where its parent ends.
at::Tensor positions_of(const PackedBatch& batch, std::int64_t* longest) {
  at::Tensor positions = at::empty({batch.rows()}, at::kLong);
  auto* out = positions.data_ptr<std::int64_t>();
  *longest = 0;
  for (const Segment& segment : batch.segments) {
    std::int64_t first = 0;
    if (segment.parent >= 0) {
      const Segment& parent = batch.segments[static_cast<std::size_t>(segment.parent)];
      first = parent.end - parent.begin;
    }
    for (std::int64_t r = segment.begin; r < segment.end; ++r) out[r] = first + r - segment.begin;
    *longest = std::max(*longest, first + segment.end - segment.begin);
  }
  return positions;
}

at::Tensor to_tensor(const std::vector<std::int64_t>& values) {
  return at::tensor(values, at::kLong);
}

}  // namespace

std::vector<TensorPlan> parameter_plan(const ModelConfig& config, Dtype dtype) {
  const std::int64_t h = config.hidden_size, f = config.intermediate_size, d = config.head_dim;
  std::map<std::string, std::vector<std::int64_t>> shapes;
  shapes["model.embed_tokens.weight"] = {config.vocab_size, h};
  shapes["model.norm.weight"] = {h};
  if (!config.tied) shapes["lm_head.weight"] = {config.vocab_size, h};
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    shapes[layer + "input_layernorm.weight"] = {h};
    shapes[layer + "post_attention_layernorm.weight"] = {h};
    shapes[layer + "self_attn.q_proj.weight"] = {config.heads * d, h};
    shapes[layer + "self_attn.k_proj.weight"] = {config.kv_heads * d, h};
    shapes[layer + "self_attn.v_proj.weight"] = {config.kv_heads * d, h};
    shapes[layer + "self_attn.o_proj.weight"] = {h, config.heads * d};
    shapes[layer + "self_attn.q_norm.weight"] = {d};
    shapes[layer + "self_attn.k_norm.weight"] = {d};
    shapes[layer + "mlp.gate_proj.weight"] = {f, h};
    shapes[layer + "mlp.up_proj.weight"] = {f, h};
    shapes[layer + "mlp.down_proj.weight"] = {h, f};
  }
  std::vector<TensorPlan> plan;
  for (const auto& [name, shape] : shapes) plan.push_back({name, dtype, shape});
  return plan;
}

CausalLm::CausalLm(ModelConfig config, std::map<std::string, at::Tensor> parameters)
    : config_(std::move(config)), parameters_(std::move(parameters)) {
  const auto take = [this](const std::string& name) { return parameters_.at(name); };
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    layers_.push_back(
        {take(layer + "input_layernorm.weight"), take(layer + "self_attn.q_proj.weight"),
         take(layer + "self_attn.k_proj.weight"), take(layer + "self_attn.v_proj.weight"),
         take(layer + "self_attn.q_norm.weight"), take(layer + "self_attn.k_norm.weight"),
         take(layer + "self_attn.o_proj.weight"), take(layer + "post_attention_layernorm.weight"),
         take(layer + "mlp.gate_proj.weight"), take(layer + "mlp.up_proj.weight"),
         take(layer + "mlp.down_proj.weight")});
  }
  embedding_ = take("model.embed_tokens.weight");
  head_ = config_.tied ? embedding_ : take("lm_head.weight");
  final_norm_ = take("model.norm.weight");
}

Result<CausalLm> CausalLm::init(const ModelConfig& config, std::uint64_t seed) {
  CAIRN_TRY(check_config(config));
  std::map<std::string, at::Tensor> parameters;
  for (const TensorPlan& plan : parameter_plan(config, Dtype::kF32)) {
    at::Tensor tensor = at::ones(plan.shape, at::kFloat);
    if (!is_norm(plan.name)) fill_normal(tensor, config.initializer_range, seed, plan.name);
    parameters.emplace(plan.name, tensor);
  }
  return CausalLm(config, std::move(parameters));
}

Result<CausalLm> CausalLm::load(const fs::path& folder, at::ScalarType compute) {
  CAIRN_ASSIGN(const ModelConfig config, read_config(folder));
  CAIRN_ASSIGN(const Weights weights, Weights::open(folder));
  std::map<std::string, at::Tensor> parameters;
  for (const TensorPlan& plan : parameter_plan(config, Dtype::kF32)) {
    const TensorView* view = weights.find(plan.name);
    if (view == nullptr) {
      return invalid_argument("tensor " + plan.name + " is missing in " + folder.string(),
                              "the checkpoint is incomplete, or of another architecture");
    }
    if (view->shape != plan.shape) {
      return shape_error(plan.name, shape_text(view->shape), shape_text(plan.shape));
    }
    at::Tensor tensor = at::empty(plan.shape, at::kFloat);
    CAIRN_TRY(to_f32(*view, {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}));
    parameters.emplace(plan.name, tensor.to(compute));
  }
  return CausalLm(config, std::move(parameters));
}

void CausalLm::require_grad(bool on) {
  for (auto& [name, tensor] : parameters_) tensor.set_requires_grad(on);
}

void CausalLm::zero_grad() {
  for (auto& [name, tensor] : parameters_) tensor.mutable_grad().reset();
}

std::int64_t CausalLm::parameter_count() const {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : parameters_) count += tensor.numel();
  return count;
}

Result<void> CausalLm::set_parameter(const std::string& name, const at::Tensor& values) {
  const auto found = parameters_.find(name);
  if (found == parameters_.end()) return not_found("the model has no parameter " + name);
  if (found->second.sizes() != values.sizes()) {
    return shape_error(name, shape_text(values.sizes().vec()),
                       shape_text(found->second.sizes().vec()));
  }
  at::NoGradGuard no_grad;
  found->second.copy_(values);
  return {};
}

at::Tensor CausalLm::run(const PackedBatch& batch, std::vector<at::Tensor>* residuals) const {
  std::int64_t longest = 0;
  const at::Device device = embedding_.device();
  const at::Tensor positions = positions_of(batch, &longest).to(device);
  const RotaryTable table = rotary_table(longest, config_.head_dim, config_.rope_theta, device);
  at::Tensor stream = at::embedding(embedding_, to_tensor(batch.tokens).to(device));
  if (residuals != nullptr) residuals->push_back(stream);
  for (const LayerWeights& weights : layers_) {
    const Projections now = project(weights, config_, stream, table, positions);
    const at::Tensor seen = has_kernels(stream)
                                ? packed_attention(now.q, now.k, now.v, batch.segments)
                                : plain_attention(now.q, now.k, now.v, batch.segments);
    stream = finish_layer(weights, config_, stream, seen);
    if (residuals != nullptr) residuals->push_back(stream);
  }
  return stream;
}

at::Tensor CausalLm::hidden(const PackedBatch& batch) const {
  return rms_norm(run(batch, nullptr), final_norm_, config_.rms_norm_eps);
}

std::vector<at::Tensor> CausalLm::residuals(const PackedBatch& batch) const {
  std::vector<at::Tensor> streams;
  run(batch, &streams);
  return streams;
}

at::Tensor CausalLm::logits(const PackedBatch& batch) const {
  return at::matmul(hidden(batch), head_.t());
}

TokenScores CausalLm::score(const PackedBatch& batch, double temperature) const {
  at::Tensor rows = at::empty({static_cast<std::int64_t>(batch.predictions.size())}, at::kLong);
  at::Tensor targets = at::empty_like(rows);
  for (std::size_t i = 0; i < batch.predictions.size(); ++i) {
    rows.data_ptr<std::int64_t>()[i] = batch.predictions[i].row;
    targets.data_ptr<std::int64_t>()[i] = batch.predictions[i].target;
  }
  const at::Device device = embedding_.device();
  const at::Tensor picked = run(batch, nullptr).index_select(0, rows.to(device));
  const std::vector<at::Tensor> scores = score_tokens(
      rms_norm(picked, final_norm_, config_.rms_norm_eps), head_, targets.to(device), temperature);
  return {scores[0], scores[1], scores[2]};
}

}  // namespace cairn::model
