// What differs between LibTorch 1.13 (Debian) and 2.x, and nothing else.
#pragma once

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>
#include <torch/all.h>

#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

namespace cairn::model {

// Fixed threads and deterministic algorithms: the same inputs give the same bytes. Call once per
// process, before any tensor work; later calls may only repeat the same number. What tensors free
// stays with the process: the next step asks for the same sizes, and a training step that gets
// them from the system anew takes a twentieth longer.
inline void fix_threads(int threads) {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
  static bool inter_op_fixed = false;
  at::set_num_threads(threads);
  if (!inter_op_fixed) {
    at::set_num_interop_threads(1);
    inter_op_fixed = true;
  }
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
}

// A node of the autograd graph is held by std::shared_ptr, by newer versions by an intrusive
// pointer.
using NodePointer = decltype(torch::autograd::Edge::function);

template <typename T, typename... Arguments>
NodePointer make_node(Arguments&&... arguments) {
  if constexpr (std::is_same_v<NodePointer, std::shared_ptr<torch::autograd::Node>>) {
    return std::make_shared<T>(std::forward<Arguments>(arguments)...);
  } else {
    return c10::make_intrusive<T>(std::forward<Arguments>(arguments)...);
  }
}

}  // namespace cairn::model
