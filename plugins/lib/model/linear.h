// x W^T: the product behind every projection of a layer and the head.
#pragma once

#include <torch/all.h>

namespace cairn::model {

// x [rows, inner], weight [outer, inner] -> [rows, outer].
//
// Without gradients, for few rows of float32 on the CPU, the weights pass from memory once (see
// narrow_gemm.h); everything else is LibTorch's matmul. A bfloat16 weight under float32 rows is
// widened as it is read; such a product has no gradient.
[[nodiscard]] at::Tensor apply_linear(const at::Tensor& x, const at::Tensor& weight);

// While one lives, products of float32 on the CPU without gradients that are made on its thread
// give each row the same bits whatever other rows are in the call. Slower for many rows.
class FixedOrder {
 public:
  explicit FixedOrder(bool on = true);
  ~FixedOrder();
  FixedOrder(const FixedOrder&) = delete;
  FixedOrder& operator=(const FixedOrder&) = delete;

 private:
  bool before_;
};

}  // namespace cairn::model
