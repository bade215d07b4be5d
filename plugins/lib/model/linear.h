// x W^T: the product behind every projection of a layer and the head.
#pragma once

#include <torch/all.h>

namespace cairn::model {

// x [rows, inner], weight [outer, inner] -> [rows, outer]: with or without gradients the same bits,
// unless a ProductMode on this thread says otherwise. float32 on the CPU goes through multiply
// (product.h), all else through LibTorch's matmul. A bfloat16 weight under float32 rows is widened.
[[nodiscard]] at::Tensor apply_linear(const at::Tensor& x, const at::Tensor& weight);

// How products of float32 rows on the CPU without gradients are made. All others are matmul's.
enum class Products {
  kMatmul,
  kNarrow,      // for few rows the weights pass from memory once (narrow_gemm.h): for decoding
  kFixedOrder,  // a row's bits do not depend on the other rows of the call; slower for many rows
};

// While one lives, on its thread.
class ProductMode {
 public:
  explicit ProductMode(Products products);
  ~ProductMode();
  ProductMode(const ProductMode&) = delete;
  ProductMode& operator=(const ProductMode&) = delete;

 private:
  Products before_;
};

}  // namespace cairn::model
