#include "core/host/limits.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace cairn::host {
namespace {

// OpenBLAS takes a processor that is newer than itself for an old one, whose kernels are two to
// three times slower.
const char* openblas_kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
      __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0)
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) return "Haswell";
#endif
  return nullptr;
}

bool same(const v1::ResourceLimits& a, const v1::ResourceLimits& b) {
  return a.cpus() == b.cpus() &&
         std::equal(a.gpus().begin(), a.gpus().end(), b.gpus().begin(), b.gpus().end());
}

}  // namespace

void ThreadLimits::apply(const v1::ResourceLimits& limits) {
  if (applied_ && same(*applied_, limits)) return;
  applied_ = limits;
  const std::string threads = std::to_string(std::max(1U, limits.cpus()));
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
    ::setenv(name, threads.c_str(), 1);
  std::string gpus;
  for (const auto& gpu : limits.gpus()) gpus += (gpus.empty() ? "" : ",") + gpu;
  // Threads that wait for each other sleep: spinning starves whoever shares the cores.
  ::setenv("OMP_WAIT_POLICY", "passive", 0);
  if (const char* kernels = openblas_kernels(); kernels != nullptr)
    ::setenv("OPENBLAS_CORETYPE", kernels, 0);
  ::setenv("CUDA_VISIBLE_DEVICES", gpus.c_str(), 1);
}

}  // namespace cairn::host
