#include "plugins/lib/model/optimizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "plugins/lib/model/kernels.h"

namespace cairn::model {
namespace {

constexpr const char* kFileName = "optimizer.safetensors";
constexpr std::int64_t kValuesPerTask = 1 << 14;

at::Tensor plain_values(const at::Tensor& tensor) {
  return tensor.detach();
}

}  // namespace

double grad_norm(const CausalLm& model) {
  double sum = 0;
  for (const auto& [name, parameter] : model.parameters()) {
    if (!parameter.grad().defined()) continue;
    const at::Tensor gradient = parameter.grad().contiguous();
    const auto* values = gradient.data_ptr<float>();
    double part = 0;
    for (std::int64_t i = 0; i < gradient.numel(); ++i) {
      part += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    }
    sum += part;
  }
  return std::sqrt(sum);
}

double clip_grad_norm(CausalLm& model, double max_norm) {
  const double norm = grad_norm(model);
  const double factor = max_norm / (norm + 1e-6);
  if (factor >= 1.0) return norm;
  at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : model.parameters()) {
    at::Tensor gradient = parameter.grad();
    if (gradient.defined()) gradient.mul_(factor);
  }
  return norm;
}

void AdamW::step(CausalLm& model, double learning_rate) {
  ++steps_;
  const double correction1 = 1.0 - std::pow(options_.beta1, static_cast<double>(steps_));
  const double correction2 = 1.0 - std::pow(options_.beta2, static_cast<double>(steps_));
  const kernels::AdamWStep step{
      static_cast<float>(options_.beta1),
      static_cast<float>(options_.beta2),
      static_cast<float>(options_.eps),
      static_cast<float>(1.0 - learning_rate * options_.weight_decay),
      static_cast<float>(learning_rate / correction1),
      static_cast<float>(1.0 / std::sqrt(correction2)),
  };
  at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : model.parameters()) {
    if (!parameter.grad().defined()) continue;
    Moments& moments = moments_[name];
    if (!moments.mean.defined()) {
      moments.mean = at::zeros_like(plain_values(parameter));
      moments.square = at::zeros_like(plain_values(parameter));
    }
    const at::Tensor gradient = parameter.grad().contiguous();
    at::Tensor values = plain_values(parameter);
    at::parallel_for(0, values.numel(), kValuesPerTask, [&](std::int64_t a, std::int64_t b) {
      kernels::adamw(step, gradient.data_ptr<float>() + a, b - a, values.data_ptr<float>() + a,
                     moments.mean.data_ptr<float>() + a, moments.square.data_ptr<float>() + a);
    });
  }
}

Result<void> AdamW::save(const fs::path& folder) const {
  std::vector<TensorPlan> plan;
  for (const auto& [name, moments] : moments_) {
    plan.push_back({"mean." + name, Dtype::kF32, moments.mean.sizes().vec()});
    plan.push_back({"square." + name, Dtype::kF32, moments.square.sizes().vec()});
  }
  CAIRN_TRY(real_file_system().make_directories(folder));
  CAIRN_ASSIGN(SafetensorsWriter writer,
               SafetensorsWriter::create(folder / kFileName, std::move(plan),
                                         {{"steps", std::to_string(steps_)}}));
  const auto values = [](const at::Tensor& tensor) {
    return std::span<const float>(tensor.data_ptr<float>(),
                                  static_cast<std::size_t>(tensor.numel()));
  };
  for (const auto& [name, moments] : moments_) {
    CAIRN_TRY(writer.write_f32("mean." + name, values(moments.mean)));
    CAIRN_TRY(writer.write_f32("square." + name, values(moments.square)));
  }
  return writer.finish();
}

Result<void> AdamW::restore(const fs::path& folder, const CausalLm& model) {
  CAIRN_ASSIGN(const SafetensorsFile file, SafetensorsFile::open(folder / kFileName));
  const auto steps = file.metadata().find("steps");
  if (steps == file.metadata().end()) {
    return corrupt((folder / kFileName).string() + " does not say after how many steps it is");
  }
  std::map<std::string, Moments> restored;
  for (const TensorView& view : file.tensors()) {
    const bool square = view.name.starts_with("square.");
    const std::string name = view.name.substr(view.name.find('.') + 1);
    const auto parameter = model.parameters().find(name);
    if (parameter == model.parameters().end() || parameter->second.sizes().vec() != view.shape) {
      return corrupt("optimizer state " + view.name + " in " + folder.string() +
                     " fits no parameter of the model");
    }
    at::Tensor tensor = at::empty(view.shape, at::kFloat);
    CAIRN_TRY(to_f32(view, {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}));
    (square ? restored[name].square : restored[name].mean) = tensor;
  }
  moments_ = std::move(restored);
  steps_ = std::stoll(steps->second);
  return {};
}

}  // namespace cairn::model
