// A device that stands in for a GPU: its tensors compute as those of the CPU do, but their memory
// must not be touched but by copies. Reading it through data_ptr is a crash, and an operation that
// is given tensors of it and of the CPU together an error, as on CUDA.
#pragma once

#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <cstdlib>

namespace cairn::model {

inline const at::Device kFar(at::kPrivateUse1, 0);

namespace far {

// No process has memory there.
constexpr std::uintptr_t kAway = std::uintptr_t{1} << 62;

// c10::optional or std::optional, whichever this LibTorch uses.
template <typename T, template <typename> class Optional, typename U>
Optional<T> rebound(const Optional<U>&);
template <typename T>
using Maybe = decltype(rebound<T>(at::TensorOptions().device_opt()));

inline at::Tensor empty_strided(at::IntArrayRef sizes, at::IntArrayRef strides,
                                Maybe<at::ScalarType> dtype, Maybe<at::Layout>, Maybe<at::Device>,
                                Maybe<bool>) {
  const auto type = c10::scalarTypeToTypeMeta(dtype.value_or(at::kFloat));
  std::int64_t count = 1;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    count = sizes[i] == 0 ? 0 : count == 0 ? 0 : count + (sizes[i] - 1) * strides[i];
  }
  const auto bytes = static_cast<std::size_t>(count) * type.itemsize();
  void* memory = std::malloc(bytes + 1);
  auto* away = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(memory) + kAway);
  c10::Storage storage(c10::Storage::use_byte_size_t(), bytes,
                       at::DataPtr(away, memory, &std::free, kFar), nullptr, false);
  auto tensor = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), type);
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(sizes, strides);
  return tensor;
}

inline at::Tensor empty(at::IntArrayRef sizes, Maybe<at::ScalarType> dtype,
                        Maybe<at::Layout> layout, Maybe<at::Device> device, Maybe<bool> pinned,
                        Maybe<at::MemoryFormat>) {
  std::vector<std::int64_t> strides(sizes.size(), 1);
  for (std::size_t i = sizes.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * std::max<std::int64_t>(sizes[i], 1);
  }
  return empty_strided(sizes, strides, dtype, layout, device, pinned);
}

// The memory of a tensor of either device as a tensor of the CPU.
inline at::Tensor near(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  if (tensor.numel() == 0) return at::empty(tensor.sizes(), tensor.options().device(at::kCPU));
  auto* memory =
      reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(tensor.data_ptr()) - kAway);
  return at::from_blob(memory, tensor.sizes(), tensor.strides(),
                       at::TensorOptions().dtype(tensor.dtype()));
}

inline at::Tensor copy_from(const at::Tensor& self, const at::Tensor& to, bool) {
  near(to).copy_(near(self));
  return to;
}

inline at::Tensor copy_and_resize(const at::Tensor& self, const at::Tensor& to) {
  if (self.sizes() != to.sizes()) {
    const at::Tensor room = at::empty(self.sizes(), to.options());
    to.unsafeGetTensorImpl()->set_storage_keep_dtype(room.storage());
    to.unsafeGetTensorImpl()->set_sizes_and_strides(room.sizes(), room.strides());
  }
  return copy_from(self, to, false);
}

inline void check_place(const c10::IValue& value, const std::string& operation) {
  if (value.isTensor()) {
    const at::Tensor& tensor = value.toTensor();
    TORCH_CHECK(!tensor.defined() || tensor.dim() == 0 || !tensor.is_cpu(), operation,
                " is given tensors of two devices");
  } else if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector()) check_place(tensor, operation);
  }
}

inline void compute(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const std::size_t count = op.schema().arguments().size();
  for (std::size_t i = stack->size() - count; i < stack->size(); ++i) {
    check_place((*stack)[i], op.schema().name());
  }
  at::native::cpu_fallback(op, stack);
}

}  // namespace far

C10_REGISTER_GUARD_IMPL(PrivateUse1, c10::impl::NoOpDeviceGuardImpl<at::kPrivateUse1>)

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&far::compute>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", TORCH_FN(far::empty));
  library.impl("empty_strided", TORCH_FN(far::empty_strided));
  library.impl("_copy_from", TORCH_FN(far::copy_from));
  library.impl("_copy_from_and_resize", TORCH_FN(far::copy_and_resize));
  library.impl("as_strided", TORCH_FN(at::native::as_strided_tensorimpl));
  library.impl("_reshape_alias", TORCH_FN(at::native::_reshape_alias));
  library.impl("view", [](const at::Tensor& self, at::IntArrayRef sizes) {
    return at::native::view(self, sizes);
  });
}

}  // namespace cairn::model
