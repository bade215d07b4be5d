// Inner loops over float32 rows, written so that the compiler vectorises them, and cloned for
// AVX-512, AVX2 and the base instruction set (chosen when the program loads). All are serial and
// pure: callers give each thread its own rows.
#pragma once

#include <cstdint>

namespace cairn::model::kernels {

// y = x * rstd * weight per row of `width`; rstd[r] = 1 / sqrt(mean(x^2) + eps).
void rms_norm(const float* x, const float* weight, float eps, std::int64_t rows, std::int64_t width,
              float* y, float* rstd);
// dx = rstd * (w*dy - x * rstd^2 * mean(w*dy*x)); dweight += sum over rows of dy * x * rstd.
void rms_norm_backward(const float* x, const float* weight, const float* rstd, const float* dy,
                       std::int64_t rows, std::int64_t width, float* dx, float* dweight);

// Per-head RMS norm, then rotate-half by the row's position. Rows hold `heads` vectors of
// head_dim; cosines and sines are [position][head_dim / 2].
struct Rotation {
  const float* cosines = nullptr;
  const float* sines = nullptr;
  const std::int64_t* positions = nullptr;  // one per row
};
void norm_rotate(const float* x, const float* weight, float eps, const Rotation& rotation,
                 std::int64_t rows, std::int64_t heads, std::int64_t head_dim, float* y,
                 float* rstd);
void norm_rotate_backward(const float* x, const float* weight, const float* rstd,
                          const Rotation& rotation, const float* dy, std::int64_t rows,
                          std::int64_t heads, std::int64_t head_dim, float* dx, float* dweight);
// Rotate-half alone; direction 1 turns forward, -1 back (the gradient).
void rotate(const float* x, const Rotation& rotation, float direction, std::int64_t rows,
            std::int64_t heads, std::int64_t head_dim, float* y);

// y = silu(gate) * up.
void swiglu(const float* gate, const float* up, std::int64_t count, float* y);
void swiglu_backward(const float* gate, const float* up, const float* dy, std::int64_t count,
                     float* dgate, float* dup);

// In place: row = softmax(row[0..width)); returns log(sum(exp(row))).
float softmax(float* row, std::int64_t width);
// In place: row = exp(row - lse).
void exp_minus(float* row, std::int64_t width, float lse);
// dscore = p * (dp - delta), in place of p.
void softmax_backward(float* p, const float* dp, std::int64_t width, float delta);

// Of the distribution softmax(logits * inverse_temperature). The row is left as it is.
struct RowScores {
  float lse;          // of the scaled row
  float entropy;      // nats
  float sum_squares;  // of probabilities
};
RowScores score_row(const float* logits, std::int64_t width, float inverse_temperature);
// In place: row = factor * (onehot(target) - softmax(row * inverse_temperature)).
void score_row_backward(float* row, std::int64_t width, float inverse_temperature, float lse,
                        std::int64_t target, float factor);

// In double.
double sum_squares(const float* x, std::int64_t count);
float dot(const float* a, const float* b, std::int64_t count);
// y += a * x
void axpy(float a, const float* x, std::int64_t count, float* y);

// parameter, mean and square after one AdamW step; see optimizer.h.
struct AdamWStep {
  float beta1, beta2, eps;
  float decay;                    // 1 - learning_rate * weight_decay
  float step_size;                // learning_rate / (1 - beta1^t)
  float inverse_root_correction;  // 1 / sqrt(1 - beta2^t)
};
void adamw(const AdamWStep& step, const float* gradient, std::int64_t count, float* parameter,
           float* mean, float* square);

}  // namespace cairn::model::kernels
