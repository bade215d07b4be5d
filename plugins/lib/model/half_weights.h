// Weights for decoding in half the bytes, where nothing is lost by it.
#pragma once

#include <optional>
#include <vector>

#include "plugins/lib/model/causal_lm.h"

namespace cairn::model {

// Up to so many rows a product with the copies is faster than with float32 weights: 1.5 times at 1
// to 4 rows, 1.1 times at 16, even at 32, where arithmetic takes longer than reading.
inline constexpr std::int64_t kHalfWeightRows = 16;

// Copies of a model's matrices in bfloat16; norms and routers are the model's own. Under float32
// rows they give the same bits as the weights that they stand for (apply_linear).
struct HalfWeights {
  std::vector<LayerWeights> layers;
  at::Tensor head;
};

// Nothing where a matrix holds a value that bfloat16 does not (as after any training step in
// float32), for models that are not float32 on the CPU, and where the copies would take more than
// half of the memory that is left.
[[nodiscard]] std::optional<HalfWeights> exact_halves(const CausalLm& model);

}  // namespace cairn::model
