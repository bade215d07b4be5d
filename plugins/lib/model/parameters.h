// The tensors of a model: which ones a configuration asks for, and those of a checkpoint held
// against it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "plugins/lib/model/config.h"
#include "plugins/lib/model/safetensors.h"

namespace cairn::model {

// A parameter's shape and the keys of config.json that give it.
struct ParameterShape {
  std::vector<std::int64_t> shape;
  std::string keys;
};
using ParameterShapes = std::map<std::string, ParameterShape>;

// By name; one tensor for each expert.
[[nodiscard]] ParameterShapes parameter_shapes(const ModelConfig& config);
// The names and shapes a checkpoint of this configuration holds, sorted by name; one tensor for
// each expert.
[[nodiscard]] std::vector<TensorPlan> parameter_plan(const ModelConfig& config, Dtype dtype);

// The parameters of a checkpoint by name, fused experts as one view each; they live as long as
// `weights`. Left out are inverse frequencies and a tied head that is the embedding. Errors name
// the tensor and what of config.json it contradicts, and tensors that are missing, of no weight's
// dtype or of no model like this. `folder` is for messages.
[[nodiscard]] Result<std::map<std::string, TensorView>> parameter_views(const Weights& weights,
                                                                        const ModelConfig& config,
                                                                        const fs::path& folder);

// "model.layers.3." and "model.layers.3.mlp.experts.5.": how names of parameters begin.
[[nodiscard]] std::string layer_name(std::int64_t layer);
[[nodiscard]] std::string expert_name(std::int64_t layer, std::int64_t expert);
// "[2, 3]"
[[nodiscard]] std::string shape_text(const std::vector<std::int64_t>& shape);
// The hint of errors about weights that a configuration does not fit.
inline constexpr const char* kOtherModel =
    "config.json and the weights belong to different models, or one of them was edited";

}  // namespace cairn::model
