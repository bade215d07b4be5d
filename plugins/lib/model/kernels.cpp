#include "plugins/lib/model/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "plugins/lib/model/clones.h"

#define CAIRN_CLONES CAIRN_CLONES_FOR("avx512f", "avx2")

namespace cairn::model::kernels {
namespace {

// exp(x) within 2 units in the last place: x = n ln 2 + r, a polynomial in r, n into the exponent.
// Below -87.3 the result is flushed towards the smallest normal number times e^r, that is to ~0.
CAIRN_INLINE float exp_lane(float x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  x = x < -87.3F ? -87.3F : x;
  x = x > 88.3F ? 88.3F : x;
  const float shifted = x * 1.44269504088896341F + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const std::int32_t exponent = static_cast<std::int32_t>(n) + 127;
  return p * std::bit_cast<float>(exponent << 23);
}

CAIRN_INLINE float sigmoid_lane(float x) {
  return 1.0F / (1.0F + exp_lane(-x));
}

}  // namespace

CAIRN_CLONES void rms_norm(const float* x, const float* weight, float eps, std::int64_t rows,
                           std::int64_t width, float* y, float* rstd) {
  for (std::int64_t r = 0; r < rows; ++r, x += width, y += width) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t i = 0; i < width; ++i) sum += x[i] * x[i];
    const float scale = 1.0F / std::sqrt(sum / static_cast<float>(width) + eps);
    rstd[r] = scale;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) y[i] = weight[i] * (x[i] * scale);
  }
}

CAIRN_CLONES void rms_norm_backward(const float* x, const float* weight, const float* rstd,
                                    const float* dy, std::int64_t rows, std::int64_t width,
                                    float* dx, float* dweight) {
  for (std::int64_t r = 0; r < rows; ++r, x += width, dy += width, dx += width) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t i = 0; i < width; ++i) sum += weight[i] * dy[i] * x[i];
    const float scale = rstd[r];
    const float pull = sum / static_cast<float>(width) * scale * scale;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) {
      dx[i] = scale * (weight[i] * dy[i] - x[i] * pull);
      dweight[i] += dy[i] * x[i] * scale;
    }
  }
}

CAIRN_CLONES void norm_rotate(const float* x, const float* weight, float eps,
                              const Rotation& rotation, std::int64_t rows, std::int64_t heads,
                              std::int64_t head_dim, float* y, float* rstd) {
  const std::int64_t half = head_dim / 2;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* cosines = rotation.cosines + rotation.positions[r] * half;
    const float* sines = rotation.sines + rotation.positions[r] * half;
    for (std::int64_t h = 0; h < heads; ++h, x += head_dim, y += head_dim, ++rstd) {
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::int64_t i = 0; i < head_dim; ++i) sum += x[i] * x[i];
      const float scale = 1.0F / std::sqrt(sum / static_cast<float>(head_dim) + eps);
      *rstd = scale;
#pragma omp simd
      for (std::int64_t i = 0; i < half; ++i) {
        const float a = weight[i] * (x[i] * scale);
        const float b = weight[half + i] * (x[half + i] * scale);
        y[i] = a * cosines[i] - b * sines[i];
        y[half + i] = b * cosines[i] + a * sines[i];
      }
    }
  }
}

CAIRN_CLONES void norm_rotate_backward(const float* x, const float* weight, const float* rstd,
                                       const Rotation& rotation, const float* dy, std::int64_t rows,
                                       std::int64_t heads, std::int64_t head_dim, float* dx,
                                       float* dweight) {
  const std::int64_t half = head_dim / 2;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* cosines = rotation.cosines + rotation.positions[r] * half;
    const float* sines = rotation.sines + rotation.positions[r] * half;
    for (std::int64_t h = 0; h < heads; ++h) {
      // dx holds the gradient before rotation until the norm's part is known.
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::int64_t i = 0; i < half; ++i) {
        const float a = dy[i] * cosines[i] + dy[half + i] * sines[i];
        const float b = dy[half + i] * cosines[i] - dy[i] * sines[i];
        dx[i] = a;
        dx[half + i] = b;
        sum += weight[i] * a * x[i] + weight[half + i] * b * x[half + i];
      }
      const float scale = *rstd;
      const float pull = sum / static_cast<float>(head_dim) * scale * scale;
#pragma omp simd
      for (std::int64_t i = 0; i < head_dim; ++i) {
        dweight[i] += dx[i] * x[i] * scale;
        dx[i] = scale * (weight[i] * dx[i] - x[i] * pull);
      }
      x += head_dim;
      dy += head_dim;
      dx += head_dim;
      ++rstd;
    }
  }
}

CAIRN_CLONES void rotate(const float* x, const Rotation& rotation, float direction,
                         std::int64_t rows, std::int64_t heads, std::int64_t head_dim, float* y) {
  const std::int64_t half = head_dim / 2;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* cosines = rotation.cosines + rotation.positions[r] * half;
    const float* sines = rotation.sines + rotation.positions[r] * half;
    for (std::int64_t h = 0; h < heads; ++h, x += head_dim, y += head_dim) {
#pragma omp simd
      for (std::int64_t i = 0; i < half; ++i) {
        const float sine = direction * sines[i];
        y[i] = x[i] * cosines[i] - x[half + i] * sine;
        y[half + i] = x[half + i] * cosines[i] + x[i] * sine;
      }
    }
  }
}

CAIRN_CLONES void swiglu(const float* gate, const float* up, std::int64_t count, float* y) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] = gate[i] * sigmoid_lane(gate[i]) * up[i];
}

CAIRN_CLONES void swiglu_backward(const float* gate, const float* up, const float* dy,
                                  std::int64_t count, float* dgate, float* dup) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float s = sigmoid_lane(gate[i]);
    dup[i] = dy[i] * gate[i] * s;
    dgate[i] = dy[i] * up[i] * s * (1.0F + gate[i] * (1.0F - s));
  }
}

CAIRN_CLONES float softmax(float* row, std::int64_t width) {
  float top = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : top)
  for (std::int64_t i = 0; i < width; ++i) top = row[i] > top ? row[i] : top;
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < width; ++i) {
    row[i] = exp_lane(row[i] - top);
    sum += row[i];
  }
  const float inverse = 1.0F / sum;
#pragma omp simd
  for (std::int64_t i = 0; i < width; ++i) row[i] *= inverse;
  return top + std::log(sum);
}

CAIRN_CLONES void exp_minus(float* row, std::int64_t width, float lse) {
#pragma omp simd
  for (std::int64_t i = 0; i < width; ++i) row[i] = exp_lane(row[i] - lse);
}

CAIRN_CLONES void softmax_backward(float* p, const float* dp, std::int64_t width, float delta) {
#pragma omp simd
  for (std::int64_t i = 0; i < width; ++i) p[i] *= dp[i] - delta;
}

CAIRN_CLONES RowScores score_row(const float* logits, std::int64_t width,
                                 float inverse_temperature) {
  float top = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : top)
  for (std::int64_t i = 0; i < width; ++i) top = logits[i] > top ? logits[i] : top;
  float sum = 0;
  float weighted = 0;
  float squares = 0;
#pragma omp simd reduction(+ : sum, weighted, squares)
  for (std::int64_t i = 0; i < width; ++i) {
    const float scaled = (logits[i] - top) * inverse_temperature;
    const float e = exp_lane(scaled);
    sum += e;
    // exp_lane never reaches 0, so a logit of minus infinity is kept out of the product.
    weighted += scaled < -87.0F ? 0.0F : e * scaled;
    squares += e * e;
  }
  const float log_sum = std::log(sum);
  return {top * inverse_temperature + log_sum, log_sum - weighted / sum, squares / (sum * sum)};
}

CAIRN_CLONES void score_row_backward(float* row, std::int64_t width, float inverse_temperature,
                                     float lse, std::int64_t target, float factor) {
#pragma omp simd
  for (std::int64_t i = 0; i < width; ++i) {
    row[i] = -factor * exp_lane(row[i] * inverse_temperature - lse);
  }
  row[target] += factor;
}

CAIRN_CLONES double sum_squares(const float* x, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) {
    sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  }
  return sum;
}

CAIRN_CLONES float dot(const float* a, const float* b, std::int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

CAIRN_CLONES void axpy(float a, const float* x, std::int64_t count, float* y) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) y[i] += a * x[i];
}

CAIRN_CLONES void adamw(const AdamWStep& step, const float* gradient, std::int64_t count,
                        float* parameter, float* mean, float* square) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = gradient[i];
    mean[i] = step.beta1 * mean[i] + (1.0F - step.beta1) * g;
    square[i] = step.beta2 * square[i] + (1.0F - step.beta2) * g * g;
    const float root = std::sqrt(square[i]) * step.inverse_root_correction + step.eps;
    parameter[i] = parameter[i] * step.decay - step.step_size * (mean[i] / root);
  }
}

}  // namespace cairn::model::kernels
