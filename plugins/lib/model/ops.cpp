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

struct Rotate : torch::autograd::Function<Rotate> {
  static at::Tensor turn(const at::Tensor& x, float direction, const at::Tensor& cosines,
                         const at::Tensor& sines, const at::Tensor& positions) {
    at::Tensor y = at::empty_like(x);
    const std::int64_t heads = x.size(1), d = x.size(2), width = heads * d;
    over_rows(x.size(0), [&](std::int64_t a, std::int64_t b, std::int64_t) {
      kernels::rotate(x.data_ptr<float>() + a * width, rotation_at(cosines, sines, positions, a),
                      direction, b - a, heads, d, y.data_ptr<float>() + a * width);
    });
    return y;
  }

  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& cosines,
                            const at::Tensor& sines, const at::Tensor& positions) {
    ctx->save_for_backward({cosines, sines, positions});
    return turn(x, 1, cosines, sines, positions);
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    return {turn(grads[0].contiguous(), -1, saved[0], saved[1], saved[2]), at::Tensor(),
            at::Tensor(), at::Tensor()};
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

at::Tensor plain_rotate(const at::Tensor& heads, const RotaryTable& table,
                        const at::Tensor& positions) {
  const std::int64_t half = heads.size(-1) / 2;
  const at::Tensor cosines =
      table.cosines.index_select(0, positions).unsqueeze(1).to(heads.scalar_type());
  const at::Tensor sines =
      table.sines.index_select(0, positions).unsqueeze(1).to(heads.scalar_type());
  const at::Tensor a = heads.slice(-1, 0, half);
  const at::Tensor b = heads.slice(-1, half, 2 * half);
  return at::cat({a * cosines - b * sines, b * cosines + a * sines}, -1);
}

}  // namespace

bool has_kernels(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat;
}

at::Tensor widened(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (has_kernels(x)) return RmsNorm::apply(x.contiguous(), weight, eps);
  const at::Tensor wide = widened(x);
  const at::Tensor scale = (wide.pow(2).mean(-1, true) + eps).rsqrt();
  return weight * (wide * scale).to(x.scalar_type());
}

at::Tensor norm_rotate(const at::Tensor& x, const at::Tensor& weight, double eps,
                       const RotaryTable& table, const at::Tensor& positions) {
  if (has_kernels(x)) {
    return NormRotate::apply(x.contiguous(), weight, eps, table.cosines, table.sines, positions);
  }
  const std::int64_t d = weight.size(0);
  return plain_rotate(rms_norm(x.view({x.size(0), x.size(1) / d, d}), weight, eps), table,
                      positions);
}

at::Tensor rotate(const at::Tensor& x, std::int64_t head_dim, const RotaryTable& table,
                  const at::Tensor& positions) {
  const at::Tensor heads = x.view({x.size(0), x.size(1) / head_dim, head_dim});
  if (has_kernels(x)) {
    return Rotate::apply(heads.contiguous(), table.cosines, table.sines, positions);
  }
  return plain_rotate(heads, table, positions);
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  if (has_kernels(gate)) return Swiglu::apply(gate.contiguous(), up.contiguous());
  return at::silu(gate) * up;
}

}  // namespace cairn::model
