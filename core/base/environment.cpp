#include "core/base/environment.h"

#include <algorithm>
#include <array>

namespace cairn {
namespace {

constexpr std::array<std::string_view, 2> kTokens = {"CAIRN_TOKEN", "SLURM_JWT"};

constexpr std::array<std::string_view, 39> kUsual = {
    // the user, and where things are
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TMP", "TEMP", "XDG_*", "LD_LIBRARY_PATH",
    "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "SSL_CERT_FILE", "SSL_CERT_DIR",
    // the language and the time
    "LANG", "LANGUAGE", "LC_*", "TZ", "TZDIR",
    // how programs compute
    "OMP_*", "KMP_*", "GOMP_*", "MKL_*", "OPENBLAS_*", "NUMEXPR_*", "CUDA_*", "NVIDIA_*", "NCCL_*",
    "TORCH_*", "PYTORCH_*", "MALLOC_*", "GLIBC_TUNABLES",
    // of what they are part
    "SLURM_*", "CAIRN_*",
    // sanitizers that plugins are built with
    "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"};

bool matches(std::string_view name, std::string_view pattern) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return name == pattern;
}

}  // namespace

std::string_view variable_name(std::string_view entry) {
  return entry.substr(0, entry.find('='));
}

std::vector<std::string> least_environment(const std::vector<std::string>& entries,
                                           const std::vector<std::string>& more) {
  std::vector<std::string> kept;
  for (const std::string& entry : entries) {
    const std::string_view name = variable_name(entry);
    const auto named = [&](std::string_view pattern) { return matches(name, pattern); };
    const bool usual = std::ranges::any_of(kUsual, named) && std::ranges::none_of(kTokens, named);
    if (usual || std::ranges::any_of(more, named)) kept.push_back(entry);
  }
  return kept;
}

}  // namespace cairn
