// The two layouts in which checkpoints hold a layer's experts (RECIPE §8).
#pragma once

#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/safetensors.h"

namespace cairn::model {

// "...mlp.experts.gate_up_proj" [E, 2I, H] becomes "...mlp.experts.0.gate_proj.weight" [I, H],
// "...mlp.experts.0.up_proj.weight" [I, H] and so on; "...mlp.experts.down_proj" [E, H, I] becomes
// "...mlp.experts.0.down_proj.weight" [H, I]. The views share the fused tensor's bytes. Any other
// tensor is returned as it is; a fused one of another shape is an error.
[[nodiscard]] Result<std::vector<TensorView>> split_experts(const TensorView& tensor);

}  // namespace cairn::model
