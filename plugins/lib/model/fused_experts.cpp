#include "plugins/lib/model/fused_experts.h"

#include <string>

namespace cairn::model {
namespace {

constexpr std::string_view kGateUp = ".mlp.experts.gate_up_proj";
constexpr std::string_view kDown = ".mlp.experts.down_proj";

}  // namespace

Result<std::vector<TensorView>> split_experts(const TensorView& tensor) {
  const bool gate_up = tensor.name.ends_with(kGateUp);
  if (!gate_up && !tensor.name.ends_with(kDown)) return std::vector<TensorView>{tensor};
  const std::vector<std::int64_t>& shape = tensor.shape;
  if (shape.size() != 3 || tensor.elements() == 0 || (gate_up && shape[1] % 2 != 0)) {
    return corrupt(
        "tensor " + tensor.name + " of " + std::string(tensor.file) + " has " +
        std::to_string(shape.size()) + " dimensions" +
        (gate_up && shape.size() == 3 ? ", the second " + std::to_string(shape[1]) : "") +
        "; fused experts are [experts, " +
        (gate_up ? "2 * intermediate, hidden]" : "hidden, intermediate]"));
  }
  const std::string stem = tensor.name.substr(0, tensor.name.rfind('.') + 1);
  const std::vector<std::string> names = gate_up ? std::vector<std::string>{"gate_proj", "up_proj"}
                                                 : std::vector<std::string>{"down_proj"};
  const auto parts = static_cast<std::size_t>(shape[0]) * names.size();
  const std::int64_t rows = shape[1] / static_cast<std::int64_t>(names.size());
  const std::size_t bytes = tensor.data.size() / parts;
  std::vector<TensorView> views;
  views.reserve(parts);
  for (std::size_t i = 0; i < parts; ++i) {
    TensorView view = tensor;
    view.name = stem + std::to_string(i / names.size()) + "." + names[i % names.size()] + ".weight";
    view.shape = {rows, shape[2]};
    view.data = tensor.data.subspan(i * bytes, bytes);
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace cairn::model
