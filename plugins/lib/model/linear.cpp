#include "plugins/lib/model/linear.h"

#include <algorithm>

#include "plugins/lib/model/compat.h"
#include "plugins/lib/model/narrow_gemm.h"
#include "plugins/lib/model/product.h"

namespace cairn::model {
namespace {

// Up to here one pass over the weights beats a product that copies them into panels first.
constexpr std::int64_t kNarrowRows = 48;
// Multiplications below which a second thread costs more than it gives.
constexpr std::int64_t kWorkPerTask = std::int64_t{1} << 15;

thread_local Products products = Products::kMatmul;

bool streams_weights(std::int64_t rows) {
  return products == Products::kFixedOrder ||
         (products == Products::kNarrow && rows <= kNarrowRows);
}

// Both gradients are computed: whoever trains, trains the weights and all below them.
struct Linear : torch::autograd::Function<Linear> {
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x,
                            const at::Tensor& weight) {
    ctx->save_for_backward({x, weight});
    at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
    multiply(y, x, weight.t());
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor dy = grads[0].contiguous();
    at::Tensor dx = at::empty_like(x), dweight = at::empty_like(weight);
    multiply(dx, dy, weight);
    multiply(dweight, dy.t(), x);
    return {dx, dweight};
  }
};

at::Tensor narrow(const at::Tensor& x, const at::Tensor& weight) {
  const std::int64_t rows = x.size(0), inner = x.size(1), outer = weight.size(0);
  at::Tensor y = at::empty({rows, outer}, x.options());
  const auto* from = x.data_ptr<float>();
  auto* to = y.data_ptr<float>();
  const std::int64_t work = std::max<std::int64_t>(rows * inner, 1);
  const std::int64_t grain = std::max<std::int64_t>(kWorkPerTask / work, 1);
  const bool wide = weight.scalar_type() == at::kFloat;
  at::parallel_for(0, outer, grain, [&](std::int64_t begin, std::int64_t end) {
    if (wide) {
      kernels::narrow_gemm(from, rows, weight.data_ptr<float>(), inner, begin, end, to, outer);
    } else {
      const auto* bits = reinterpret_cast<const std::uint16_t*>(weight.data_ptr<at::BFloat16>());
      kernels::narrow_gemm(from, rows, bits, inner, begin, end, to, outer);
    }
  });
  return y;
}

}  // namespace

at::Tensor apply_linear(const at::Tensor& x, const at::Tensor& weight) {
  const bool wide = weight.scalar_type() == at::kFloat;
  const bool mixed = weight.scalar_type() == at::kBFloat16;
  const bool in_floats = x.device().is_cpu() && x.scalar_type() == at::kFloat && x.dim() == 2 &&
                         (wide || mixed) && weight.is_contiguous();
  if (!in_floats) return at::matmul(x, weight.t());
  const at::Tensor rows = x.contiguous();
  if (!at::GradMode::is_enabled() && streams_weights(x.size(0))) return narrow(rows, weight);
  return Linear::apply(rows, wide ? weight : weight.to(at::kFloat));
}

ProductMode::ProductMode(Products wanted) : before_(products) {
  products = wanted;
}

ProductMode::~ProductMode() {
  products = before_;
}

}  // namespace cairn::model
