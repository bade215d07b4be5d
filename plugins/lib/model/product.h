// Matrix products as training makes them.
#pragma once

#include <torch/all.h>

namespace cairn::model {

// c = a b, or c += a b. All of two dimensions, one dtype and device; c is contiguous in its rows,
// a and b are that or the transposed view of such a matrix. No gradient is recorded.
// float32 on the CPU: oneDNN's, where the build found it (its rows and columns are packed for every
// call, so that operands which no cache holds cost less than with BLAS); all others LibTorch's.
// The same operands and thread count give the same bits.
void multiply(at::Tensor& c, const at::Tensor& a, const at::Tensor& b, bool add = false);

}  // namespace cairn::model
