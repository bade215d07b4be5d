#include "plugins/lib/model/optimizer.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "plugins/lib/model/kernels.h"

namespace cairn::model {
namespace {

constexpr const char* kFileName = "optimizer.safetensors";
constexpr std::int64_t kValuesPerTask = 1 << 14;

// Blocks are summed by threads, and their sums added in order.
double sum_of_squares(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  const std::int64_t blocks = (flat.numel() + kValuesPerTask - 1) / kValuesPerTask;
  std::vector<double> sums(static_cast<std::size_t>(blocks));
  const float* values = flat.data_ptr<float>();
  at::parallel_for(0, blocks, 1, [&](std::int64_t a, std::int64_t b) {
    for (std::int64_t i = a; i < b; ++i) {
      const std::int64_t begin = i * kValuesPerTask;
      sums[static_cast<std::size_t>(i)] =
          kernels::sum_squares(values + begin, std::min(kValuesPerTask, flat.numel() - begin));
    }
  });
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

Error not_finite(const std::string& what, std::int64_t step) {
  return make_error(ErrorCode::kInternal,
                    what + " holds a NaN or an infinity in step " + std::to_string(step),
                    "a lower learning rate, a smaller gradient norm, or a look at that step's data "
                    "helps; go on from the last checkpoint");
}

std::span<const float> values_of(const at::Tensor& cpu) {
  return {cpu.data_ptr<float>(), static_cast<std::size_t>(cpu.numel())};
}

// In LibTorch operations, for devices without the kernels.
void step_plainly(const kernels::AdamWStep& step, const at::Tensor& gradient, at::Tensor& values,
                  at::Tensor& mean, at::Tensor& square) {
  mean.mul_(step.beta1).add_(gradient, 1.0F - step.beta1);
  square.mul_(step.beta2).addcmul_(gradient, gradient, 1.0F - step.beta2);
  const at::Tensor root = square.sqrt().mul_(step.inverse_root_correction).add_(step.eps);
  values.mul_(step.decay).addcdiv_(mean, root, -step.step_size);
}

void shorten_gradients(CausalLm& model, double norm, double max_norm) {
  const double factor = max_norm / (norm + 1e-6);
  if (factor >= 1.0) return;
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : model.parameters()) {
    at::Tensor gradient = parameter.grad();
    if (gradient.defined()) gradient.mul_(factor);
  }
}

}  // namespace

double grad_norm(const CausalLm& model) {
  double sum = 0;
  for (const auto& [name, parameter] : model.parameters()) {
    if (parameter.grad().defined()) sum += sum_of_squares(parameter.grad());
  }
  return std::sqrt(sum);
}

double clip_grad_norm(CausalLm& model, double max_norm) {
  const double norm = grad_norm(model);
  shorten_gradients(model, norm, max_norm);
  return norm;
}

Result<void> check_finite(const at::Tensor& value, const std::string& name, std::int64_t step) {
  // Squares of float32 add up without overflow in double: the sum is finite when all values are.
  if (std::isfinite(sum_of_squares(value))) return {};
  return not_finite(name, step);
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
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : model.parameters()) {
    if (!parameter.requires_grad()) continue;
    const at::Tensor stored = parameter.detach();
    const bool narrow = stored.scalar_type() != at::kFloat;
    const auto options = stored.options().dtype(at::kFloat);
    Moments& moments = moments_[name];
    if (!moments.mean.defined()) {
      moments.mean = at::zeros(stored.sizes(), options);
      moments.square = at::zeros(stored.sizes(), options);
    }
    if (narrow && !moments.master.defined()) moments.master = stored.to(at::kFloat);
    at::Tensor values = narrow ? moments.master : stored;
    const at::Tensor gradient = parameter.grad().defined()
                                    ? parameter.grad().to(at::kFloat).contiguous()
                                    : at::zeros(stored.sizes(), options);
    if (values.device().is_cpu()) {
      at::parallel_for(0, values.numel(), kValuesPerTask, [&](std::int64_t a, std::int64_t b) {
        kernels::adamw(step, gradient.data_ptr<float>() + a, b - a, values.data_ptr<float>() + a,
                       moments.mean.data_ptr<float>() + a, moments.square.data_ptr<float>() + a);
      });
    } else {
      step_plainly(step, gradient, values, moments.mean, moments.square);
    }
    if (narrow) stored.copy_(values);
  }
}

Result<void> AdamW::save(const fs::path& folder) const {
  std::vector<TensorPlan> plan;
  std::vector<at::Tensor> tensors;
  for (const auto& [name, moments] : moments_) {
    const auto add = [&](const char* kind, const at::Tensor& tensor) {
      if (!tensor.defined()) return;
      plan.push_back({kind + name, Dtype::kF32, tensor.sizes().vec()});
      tensors.push_back(tensor);
    };
    add("mean.", moments.mean);
    add("square.", moments.square);
    add("master.", moments.master);
  }
  CAIRN_TRY(real_file_system().make_directories(folder));
  CAIRN_ASSIGN(
      SafetensorsWriter writer,
      SafetensorsWriter::create(folder / kFileName, plan, {{"steps", std::to_string(steps_)}}));
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const at::Tensor values = tensors[i].to(at::kCPU).contiguous();
    CAIRN_TRY(writer.write_f32(plan[i].name, values_of(values)));
  }
  return writer.finish();
}

Result<void> AdamW::restore(const fs::path& folder, const CausalLm& model) {
  const std::string path = (folder / kFileName).string();
  CAIRN_ASSIGN(const SafetensorsFile file, SafetensorsFile::open(path));
  const auto written = file.metadata().find("steps");
  std::int64_t steps = -1;
  if (written != file.metadata().end()) {
    const std::string& text = written->second;
    std::from_chars(text.data(), text.data() + text.size(), steps);
  }
  if (steps < 0) return corrupt(path + " does not say after how many steps it is");
  std::map<std::string, Moments> restored;
  for (const TensorView& view : file.tensors()) {
    const std::size_t dot = view.name.find('.');
    const std::string kind = view.name.substr(0, dot);
    const std::string name = dot == std::string::npos ? "" : view.name.substr(dot + 1);
    const auto parameter = model.parameters().find(name);
    if (parameter == model.parameters().end() || parameter->second.sizes().vec() != view.shape ||
        (kind != "mean" && kind != "square" && kind != "master")) {
      return corrupt(
          "optimizer state " + view.name + " in " + path + " fits no parameter of the model",
          "the state and the weights must be of one checkpoint");
    }
    at::Tensor tensor = at::empty(view.shape, at::kFloat);
    CAIRN_TRY(to_f32(view, {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}));
    Moments& moments = restored[name];
    (kind == "mean"     ? moments.mean
     : kind == "square" ? moments.square
                        : moments.master) = tensor.to(parameter->second.device());
  }
  for (const auto& [name, moments] : restored) {
    const bool narrow = model.parameters().at(name).scalar_type() != at::kFloat;
    if (!moments.mean.defined() || !moments.square.defined() ||
        moments.master.defined() != narrow) {
      return corrupt("optimizer state of " + name + " in " + path +
                         " is incomplete, or of weights in another dtype",
                     "the state and the weights must be of one checkpoint");
    }
  }
  moments_ = std::move(restored);
  steps_ = steps;
  return {};
}

Result<double> train_step(CausalLm& model, AdamW& optimizer, double learning_rate,
                          double max_grad_norm) {
  const std::int64_t step = optimizer.steps() + 1;
  const double norm = grad_norm(model);
  if (!std::isfinite(norm)) {
    for (const auto& [name, parameter] : model.parameters()) {
      if (!parameter.grad().defined()) continue;
      CAIRN_TRY(check_finite(parameter.grad(), "the gradient of " + name, step));
    }
  }
  if (max_grad_norm > 0) shorten_gradients(model, norm, max_grad_norm);
  optimizer.step(model, learning_rate);
  for (const auto& [name, parameter] : model.parameters()) {
    if (parameter.requires_grad()) CAIRN_TRY(check_finite(parameter, "parameter " + name, step));
  }
  return norm;
}

}  // namespace cairn::model
