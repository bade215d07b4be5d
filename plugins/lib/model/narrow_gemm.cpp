#include "plugins/lib/model/narrow_gemm.h"

#include <algorithm>
#include <cstring>

#include "plugins/lib/model/clones.h"

#define CAIRN_CLONES CAIRN_CLONES_FOR("avx512f", "arch=haswell")

namespace cairn::model::kernels {
namespace {

constexpr std::int64_t kLanes = 16;
// Weight rows whose values stay in the second-level cache while all rows of x pass by.
constexpr std::int64_t kSlabBytes = 192 * 1024;

using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));
using Words = std::uint32_t __attribute__((vector_size(kLanes * sizeof(std::uint32_t))));
using Halves = std::uint16_t __attribute__((vector_size(kLanes * sizeof(std::uint16_t))));

CAIRN_INLINE void load(const float* from, Lanes& to) {
  std::memcpy(&to, from, sizeof to);
}

CAIRN_INLINE void load(const std::uint16_t* from, Lanes& to) {
  Halves halves;
  std::memcpy(&halves, from, sizeof halves);
  const Words words = __builtin_convertvector(halves, Words) << 16;
  std::memcpy(&to, &words, sizeof to);
}

// What full vectors leave over is summed by one function that is never inlined, so that no two
// tiles can round it differently (one with fused multiply-add, the other without).
float widen(float value) {
  return value;
}

float widen(std::uint16_t value) {
  const std::uint32_t word = std::uint32_t{value} << 16;
  float result = 0;
  std::memcpy(&result, &word, sizeof result);
  return result;
}

template <typename W>
__attribute__((noinline)) float rest(const float* a, const W* b, std::int64_t b_stride,
                                     std::int64_t count, float sum) {
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * widen(b[i * b_stride]);
  return sum;
}

// The sums of sixteen vectors, each of the upper half onto the lower until one lane is left: that
// order is part of the result.
CAIRN_INLINE void fold_16(const Lanes* v, float* out) {
  Lanes by_8[8], by_4[4], by_2[2];
  for (int i = 0; i < 8; ++i) {
    const Lanes &a = v[2 * i], &b = v[2 * i + 1];
    by_8[i] =
        __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
        __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  }
  for (int i = 0; i < 4; ++i) {
    const Lanes &a = by_8[2 * i], &b = by_8[2 * i + 1];
    by_4[i] =
        __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
        __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  }
  for (int i = 0; i < 2; ++i) {
    const Lanes &a = by_4[2 * i], &b = by_4[2 * i + 1];
    by_2[i] =
        __builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) +
        __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
  }
  const Lanes &a = by_2[0], &b = by_2[1];
  const Lanes last =
      __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
      __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  std::memcpy(out, &last, sizeof last);
}

// One tile of kRows rows of x against kColumns rows of w.
template <int kRows, int kColumns, typename W>
CAIRN_INLINE void dot_tile(const float* x, const W* w, std::int64_t inner, float* y,
                           std::int64_t y_stride) {
  Lanes sums[kLanes / kColumns][kColumns] = {};  // those past kRows stay zero
  const std::int64_t full = inner / kLanes * kLanes;
  for (std::int64_t i = 0; i < full; i += kLanes) {
    Lanes row[kRows];
    for (int r = 0; r < kRows; ++r) load(x + r * inner + i, row[r]);
    for (int c = 0; c < kColumns; ++c) {
      Lanes column;
      load(w + c * inner + i, column);
      __builtin_prefetch(w + (kColumns + c) * inner + i);  // the next tile's
      for (int r = 0; r < kRows; ++r) sums[r][c] += row[r] * column;
    }
  }
  float folded[kLanes];
  fold_16(&sums[0][0], folded);
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kColumns; ++c) {
      float& sum = y[r * y_stride + c];
      sum = folded[r * kColumns + c];
      if (full < inner) {
        sum = rest(x + r * inner + full, w + c * inner + full, 1, inner - full, sum);
      }
    }
  }
}

template <int kRows, int kColumns, typename W>
CAIRN_INLINE void dot_columns(const float* x, const W* w, std::int64_t inner, std::int64_t begin,
                              std::int64_t end, float* y, std::int64_t y_stride) {
  std::int64_t c = begin;
  for (; c + kColumns <= end; c += kColumns) {
    dot_tile<kRows, kColumns>(x, w + c * inner, inner, y + c, y_stride);
  }
  for (; c < end; ++c) dot_tile<kRows, 1>(x, w + c * inner, inner, y + c, y_stride);
}

template <typename W>
CAIRN_INLINE void gemm(const float* x, std::int64_t rows, const W* w, std::int64_t inner,
                       std::int64_t begin, std::int64_t end, float* y, std::int64_t y_stride) {
  const auto row_bytes = static_cast<std::int64_t>(sizeof(W)) * inner;
  const std::int64_t slab = std::max<std::int64_t>(kSlabBytes / row_bytes / 16, 1) * 16;
  for (std::int64_t first = begin; first < end; first += slab) {
    const std::int64_t last = std::min(first + slab, end);
    std::int64_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      dot_columns<4, 4>(x + r * inner, w, inner, first, last, y + r * y_stride, y_stride);
    }
    if (r + 2 <= rows) {
      dot_columns<2, 8>(x + r * inner, w, inner, first, last, y + r * y_stride, y_stride);
      r += 2;
    }
    if (r < rows) {
      dot_columns<1, 8>(x + r * inner, w, inner, first, last, y + r * y_stride, y_stride);
    }
  }
}

// kRows rows by kVectors vectors of columns.
template <int kRows, int kVectors>
CAIRN_INLINE void product_tile(const BlockProduct& p, std::int64_t row, std::int64_t column) {
  const float* a = p.a + row * p.a_stride;
  const float* b = p.b + column;
  float* c = p.c + row * p.c_stride + column;
  Lanes sums[kRows][kVectors] = {};
  if (p.add) {
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) load(c + r * p.c_stride + v * kLanes, sums[r][v]);
    }
  }
  for (std::int64_t i = 0; i < p.inner; ++i) {
    Lanes line[kVectors];
    for (int v = 0; v < kVectors; ++v) load(b + i * p.b_stride + v * kLanes, line[v]);
    for (int r = 0; r < kRows; ++r) {
      const float factor = a[r * p.a_stride + i];
      for (int v = 0; v < kVectors; ++v) sums[r][v] += factor * line[v];
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      std::memcpy(c + r * p.c_stride + v * kLanes, &sums[r][v], sizeof(Lanes));
    }
  }
}

template <int kRows>
CAIRN_INLINE void product_rows(const BlockProduct& p, std::int64_t row) {
  std::int64_t column = 0;
  for (; column + 2 * kLanes <= p.columns; column += 2 * kLanes) {
    product_tile<kRows, 2>(p, row, column);
  }
  for (; column + kLanes <= p.columns; column += kLanes) product_tile<kRows, 1>(p, row, column);
  for (; column < p.columns; ++column) {
    for (int r = 0; r < kRows; ++r) {
      float* c = p.c + (row + r) * p.c_stride + column;
      *c = rest(p.a + (row + r) * p.a_stride, p.b + column, p.b_stride, p.inner, p.add ? *c : 0.0F);
    }
  }
}

}  // namespace

CAIRN_CLONES void narrow_gemm(const float* x, std::int64_t rows, const float* w, std::int64_t inner,
                              std::int64_t begin, std::int64_t end, float* y,
                              std::int64_t y_stride) {
  gemm(x, rows, w, inner, begin, end, y, y_stride);
}

CAIRN_CLONES void narrow_gemm(const float* x, std::int64_t rows, const std::uint16_t* w,
                              std::int64_t inner, std::int64_t begin, std::int64_t end, float* y,
                              std::int64_t y_stride) {
  gemm(x, rows, w, inner, begin, end, y, y_stride);
}

CAIRN_CLONES void block_product(const BlockProduct& product) {
  std::int64_t row = 0;
  for (; row + 8 <= product.rows; row += 8) product_rows<8>(product, row);
  for (; row + 2 <= product.rows; row += 2) product_rows<2>(product, row);
  if (row < product.rows) product_rows<1>(product, row);
}

}  // namespace cairn::model::kernels
