#include "plugins/lib/model/product.h"

#include <algorithm>

#ifdef CAIRN_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

namespace cairn::model {
namespace {

#ifdef CAIRN_ONEDNN
struct Operand {
  char transposed;
  std::int64_t stride;  // from line to line in memory
};

Operand operand_of(const at::Tensor& matrix) {
  if (matrix.stride(1) == 1) return {'N', std::max(matrix.stride(0), matrix.size(1))};
  return {'T', std::max(matrix.stride(1), matrix.size(0))};
}

// False, with nothing done, where the operands are not for it.
bool multiply_in_onednn(at::Tensor& c, const at::Tensor& a, const at::Tensor& b, bool add) {
  const std::int64_t inner = a.size(1);
  if (!c.device().is_cpu() || c.scalar_type() != at::kFloat || c.numel() == 0 || inner == 0) {
    return false;
  }
  const Operand left = operand_of(a), right = operand_of(b);
  const dnnl_status_t status =
      dnnl_sgemm(left.transposed, right.transposed, c.size(0), c.size(1), inner, 1.0F,
                 a.data_ptr<float>(), left.stride, b.data_ptr<float>(), right.stride,
                 add ? 1.0F : 0.0F, c.data_ptr<float>(), std::max(c.stride(0), c.size(1)));
  TORCH_CHECK(status == dnnl_success, "oneDNN failed on a product of ", a.sizes(), " and ",
              b.sizes(), " with status ", static_cast<int>(status));
  return true;
}
#endif

}  // namespace

void multiply(at::Tensor& c, const at::Tensor& a, const at::Tensor& b, bool add) {
#ifdef CAIRN_ONEDNN
  if (multiply_in_onednn(c, a, b, add)) return;
#endif
  const at::NoGradGuard no_grad;
  if (add) {
    c.addmm_(a, b);
  } else {
    at::mm_out(c, a, b);
  }
}

}  // namespace cairn::model
