// What differs between LibTorch 1.13 (Debian) and 2.x, and nothing else.
#pragma once

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/all.h>

namespace cairn::model {

// Fixed threads and deterministic algorithms: the same inputs give the same bytes. Call once per
// process, before any tensor work; later calls may only repeat the same number.
inline void fix_threads(int threads) {
  static bool inter_op_fixed = false;
  at::set_num_threads(threads);
  if (!inter_op_fixed) {
    at::set_num_interop_threads(1);
    inter_op_fixed = true;
  }
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
}

}  // namespace cairn::model
