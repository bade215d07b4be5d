#include "plugins/lib/model/ops.h"

#include <algorithm>
#include <cmath>

#include "plugins/lib/model/compat.h"
#include "plugins/lib/model/kernels.h"

namespace cairn::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kRowsPerTask = 64;
constexpr std::int64_t kLogitBlock = std::int64_t{1} << 20;  // logits alive at once

std::int64_t rows_of(const at::Tensor& x) {
  return x.numel() / x.size(-1);
}

// Calls work(first, last) on blocks of rows whose borders do not depend on the thread count.
template <typename Work>
void over_rows(std::int64_t rows, const Work& work) {
  const std::int64_t tasks = (rows + kRowsPerTask - 1) / kRowsPerTask;
  at::parallel_for(0, tasks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      work(t * kRowsPerTask, std::min((t + 1) * kRowsPerTask, rows), t);
    }
  });
}

at::Tensor partial_sums(std::int64_t rows, std::int64_t width) {
  return at::zeros({(rows + kRowsPerTask - 1) / kRowsPerTask, width}, at::kFloat);
}

struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            double eps) {
    at::Tensor y = at::empty_like(x);
    const std::int64_t width = x.size(-1);
    at::Tensor rstd = at::empty({rows_of(x)}, at::kFloat);
    over_rows(rows_of(x), [&](std::int64_t a, std::int64_t b, std::int64_t) {
      kernels::rms_norm(x.data_ptr<float>() + a * width, weight.data_ptr<float>(),
                        static_cast<float>(eps), b - a, width, y.data_ptr<float>() + a * width,
                        rstd.data_ptr<float>() + a);
    });
    ctx->save_for_backward({x, weight, rstd});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &rstd = saved[2];
    const at::Tensor dy = grads[0].contiguous();
    const std::int64_t width = x.size(-1);
    at::Tensor dx = at::empty_like(x);
    at::Tensor dweight = partial_sums(rows_of(x), width);
    over_rows(rows_of(x), [&](std::int64_t a, std::int64_t b, std::int64_t task) {
      kernels::rms_norm_backward(x.data_ptr<float>() + a * width, weight.data_ptr<float>(),
                                 rstd.data_ptr<float>() + a, dy.data_ptr<float>() + a * width,
                                 b - a, width, dx.data_ptr<float>() + a * width,
                                 dweight.data_ptr<float>() + task * width);
    });
    return {dx, dweight.sum(0), at::Tensor()};
  }
};

kernels::Rotation rotation_at(const at::Tensor& cosines, const at::Tensor& sines,
                              const at::Tensor& positions, std::int64_t row) {
  return {cosines.data_ptr<float>(), sines.data_ptr<float>(),
          positions.data_ptr<std::int64_t>() + row};
}

struct NormRotate : torch::autograd::Function<NormRotate> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            double eps, const at::Tensor& cosines, const at::Tensor& sines,
                            const at::Tensor& positions) {
    const std::int64_t rows = x.size(0), width = x.size(1), d = weight.size(0), heads = width / d;
    at::Tensor y = at::empty({rows, heads, d}, at::kFloat);
    at::Tensor rstd = at::empty({rows, heads}, at::kFloat);
    over_rows(rows, [&](std::int64_t a, std::int64_t b, std::int64_t) {
      kernels::norm_rotate(x.data_ptr<float>() + a * width, weight.data_ptr<float>(),
                           static_cast<float>(eps), rotation_at(cosines, sines, positions, a),
                           b - a, heads, d, y.data_ptr<float>() + a * width,
                           rstd.data_ptr<float>() + a * heads);
    });
    ctx->save_for_backward({x, weight, rstd, cosines, sines, positions});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &rstd = saved[2];
    const at::Tensor dy = grads[0].contiguous();
    const std::int64_t rows = x.size(0), width = x.size(1), d = weight.size(0), heads = width / d;
    at::Tensor dx = at::empty_like(x);
    at::Tensor dweight = partial_sums(rows, d);
    over_rows(rows, [&](std::int64_t a, std::int64_t b, std::int64_t task) {
      kernels::norm_rotate_backward(
          x.data_ptr<float>() + a * width, weight.data_ptr<float>(),
          rstd.data_ptr<float>() + a * heads, rotation_at(saved[3], saved[4], saved[5], a),
          dy.data_ptr<float>() + a * width, b - a, heads, d, dx.data_ptr<float>() + a * width,
          dweight.data_ptr<float>() + task * d);
    });
    return {dx, dweight.sum(0), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

struct Swiglu : torch::autograd::Function<Swiglu> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& gate, const at::Tensor& up) {
    at::Tensor y = at::empty_like(gate);
    const std::int64_t width = gate.size(-1);
    over_rows(rows_of(gate), [&](std::int64_t a, std::int64_t b, std::int64_t) {
      kernels::swiglu(gate.data_ptr<float>() + a * width, up.data_ptr<float>() + a * width,
                      (b - a) * width, y.data_ptr<float>() + a * width);
    });
    ctx->save_for_backward({gate, up});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &gate = saved[0], &up = saved[1];
    const at::Tensor dy = grads[0].contiguous();
    const std::int64_t width = gate.size(-1);
    at::Tensor dgate = at::empty_like(gate), dup = at::empty_like(up);
    over_rows(rows_of(gate), [&](std::int64_t a, std::int64_t b, std::int64_t) {
      kernels::swiglu_backward(gate.data_ptr<float>() + a * width, up.data_ptr<float>() + a * width,
                               dy.data_ptr<float>() + a * width, (b - a) * width,
                               dgate.data_ptr<float>() + a * width,
                               dup.data_ptr<float>() + a * width);
    });
    return {dgate, dup};
  }
};

std::int64_t logit_rows(std::int64_t vocab) {
  return std::max<std::int64_t>(32, kLogitBlock / vocab);
}

struct ScoreTokens : torch::autograd::Function<ScoreTokens> {
  static variable_list forward(AutogradContext* ctx, const at::Tensor& hidden,
                               const at::Tensor& head, const at::Tensor& targets,
                               double temperature) {
    const std::int64_t rows = hidden.size(0), vocab = head.size(0);
    const auto inverse = static_cast<float>(1.0 / temperature);
    at::Tensor logprob = at::empty({rows}, at::kFloat), entropy = at::empty({rows}, at::kFloat);
    at::Tensor squares = at::empty({rows}, at::kFloat), lse = at::empty({rows}, at::kFloat);
    for (std::int64_t begin = 0; begin < rows; begin += logit_rows(vocab)) {
      const std::int64_t end = std::min(begin + logit_rows(vocab), rows);
      const at::Tensor logits = at::mm(hidden.slice(0, begin, end), head.t());
      const float* values = logits.data_ptr<float>();
      const auto* target = targets.data_ptr<std::int64_t>();
      at::parallel_for(begin, end, 8, [&](std::int64_t a, std::int64_t b) {
        for (std::int64_t r = a; r < b; ++r) {
          const float* row = values + (r - begin) * vocab;
          const kernels::RowScores scores = kernels::score_row(row, vocab, inverse);
          lse.data_ptr<float>()[r] = scores.lse;
          logprob.data_ptr<float>()[r] = row[target[r]] * inverse - scores.lse;
          entropy.data_ptr<float>()[r] = scores.entropy;
          squares.data_ptr<float>()[r] = scores.sum_squares;
        }
      });
    }
    ctx->save_for_backward({hidden, head, targets, lse});
    ctx->saved_data["inverse"] = static_cast<double>(inverse);
    ctx->mark_non_differentiable({entropy, squares});
    return {logprob, entropy, squares};
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &hidden = saved[0], &head = saved[1], &targets = saved[2], &lse = saved[3];
    const auto inverse = static_cast<float>(ctx->saved_data["inverse"].toDouble());
    const at::Tensor upstream = grads[0].contiguous();
    const std::int64_t rows = hidden.size(0), vocab = head.size(0);
    at::Tensor dhidden = at::empty_like(hidden);
    at::Tensor dhead = at::zeros_like(head);
    for (std::int64_t begin = 0; begin < rows; begin += logit_rows(vocab)) {
      const std::int64_t end = std::min(begin + logit_rows(vocab), rows);
      at::Tensor logits = at::mm(hidden.slice(0, begin, end), head.t());
      float* values = logits.data_ptr<float>();
      at::parallel_for(begin, end, 8, [&](std::int64_t a, std::int64_t b) {
        for (std::int64_t r = a; r < b; ++r) {
          kernels::score_row_backward(values + (r - begin) * vocab, vocab, inverse,
                                      lse.data_ptr<float>()[r], targets.data_ptr<std::int64_t>()[r],
                                      upstream.data_ptr<float>()[r] * inverse);
        }
      });
      at::Tensor part = dhidden.slice(0, begin, end);
      at::mm_out(part, logits, head);
      dhead.addmm_(logits.t(), hidden.slice(0, begin, end));
    }
    return {dhidden, dhead, at::Tensor(), at::Tensor()};
  }
};

std::vector<at::Tensor> plain_score_tokens(const at::Tensor& hidden, const at::Tensor& head,
                                           const at::Tensor& targets, double temperature) {
  std::vector<at::Tensor> logprobs, entropies, squares;
  for (std::int64_t begin = 0; begin < hidden.size(0); begin += logit_rows(head.size(0))) {
    const std::int64_t end = std::min(begin + logit_rows(head.size(0)), hidden.size(0));
    const at::Tensor logits = at::matmul(hidden.slice(0, begin, end), head.t());
    const at::Tensor logp = at::log_softmax(logits.to(at::kFloat) / temperature, -1);
    logprobs.push_back(logp.gather(1, targets.slice(0, begin, end).unsqueeze(1)).squeeze(1));
    const at::Tensor fixed = logp.detach();
    const at::Tensor p = fixed.exp();
    entropies.push_back(-(p * fixed).sum(-1));
    squares.push_back((p * p).sum(-1));
  }
  if (logprobs.empty()) {
    const at::Tensor none = at::empty({0}, hidden.options().dtype(at::kFloat));
    return {none, none, none};
  }
  return {at::cat(logprobs), at::cat(entropies), at::cat(squares)};
}

}  // namespace

bool has_kernels(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat;
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (has_kernels(x)) return RmsNorm::apply(x.contiguous(), weight, eps);
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor scale = (wide.pow(2).mean(-1, true) + eps).rsqrt();
  return weight * (wide * scale).to(x.scalar_type());
}

RotaryTable rotary_table(std::int64_t positions, std::int64_t head_dim, double theta,
                         const at::Device& device) {
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  const at::Tensor exponent =
      at::arange(0, head_dim, 2, at::TensorOptions().dtype(at::kLong).device(device))
          .to(at::kFloat) /
      static_cast<double>(head_dim);
  const at::Tensor inverse = 1.0 / at::pow(theta, exponent);
  const at::Tensor angles =
      at::arange(positions, options).unsqueeze(1) * inverse.to(at::kFloat).unsqueeze(0);
  return {angles.cos(), angles.sin()};
}

at::Tensor norm_rotate(const at::Tensor& x, const at::Tensor& weight, double eps,
                       const RotaryTable& table, const at::Tensor& positions) {
  if (has_kernels(x)) {
    return NormRotate::apply(x.contiguous(), weight, eps, table.cosines, table.sines, positions);
  }
  const std::int64_t d = weight.size(0);
  const at::Tensor normed = rms_norm(x.view({x.size(0), x.size(1) / d, d}), weight, eps);
  const at::Tensor cosines =
      table.cosines.index_select(0, positions).unsqueeze(1).to(x.scalar_type());
  const at::Tensor sines = table.sines.index_select(0, positions).unsqueeze(1).to(x.scalar_type());
  const at::Tensor a = normed.slice(-1, 0, d / 2);
  const at::Tensor b = normed.slice(-1, d / 2, d);
  return at::cat({a * cosines - b * sines, b * cosines + a * sines}, -1);
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  if (has_kernels(gate)) return Swiglu::apply(gate.contiguous(), up.contiguous());
  return at::silu(gate) * up;
}

std::vector<at::Tensor> score_tokens(const at::Tensor& hidden, const at::Tensor& head,
                                     const at::Tensor& targets, double temperature) {
  if (has_kernels(hidden)) {
    return ScoreTokens::apply(hidden.contiguous(), head, targets, temperature);
  }
  return plain_score_tokens(hidden, head, targets, temperature);
}

}  // namespace cairn::model
