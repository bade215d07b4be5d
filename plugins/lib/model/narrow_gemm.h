// Matrix products for generation: few rows against large weights, and rows against one block of
// cached keys or values. Serial, pure, free of LibTorch.
//
// Each element is one sum in an order fixed by the inner length alone: the result of a row does not
// depend, to the bit, on how many other rows are in the call or where it stands among them.
// Compiled for AVX-512, AVX2 with FMA, and the base instruction set, one of which is chosen when
// the program loads.
#pragma once

#include <cstdint>

namespace cairn::model::kernels {

// y[r][c] = sum over i of x[r][i] * w[c][i], for c in [begin, end). Rows of x and w are `inner`
// long and contiguous, rows of y `y_stride` apart. The weights pass from memory once.
void narrow_gemm(const float* x, std::int64_t rows, const float* w, std::int64_t inner,
                 std::int64_t begin, std::int64_t end, float* y, std::int64_t y_stride);
// The same with weights in bfloat16 (their bits), widened exactly.
void narrow_gemm(const float* x, std::int64_t rows, const std::uint16_t* w, std::int64_t inner,
                 std::int64_t begin, std::int64_t end, float* y, std::int64_t y_stride);

// c[r][j] (+)= sum over i of a[r][i] * b[i][j]: a [rows, inner], b [inner, columns], rows of each
// `*_stride` apart. Adds to c when `add` is set.
struct BlockProduct {
  const float* a;
  std::int64_t a_stride;
  const float* b;
  std::int64_t b_stride;
  float* c;
  std::int64_t c_stride;
  std::int64_t rows, inner, columns;
  bool add = false;
};
void block_product(const BlockProduct& product);

}  // namespace cairn::model::kernels
