#include "plugins/lib/model/half_weights.h"

#include <atomic>
#include <cstring>

#include "plugins/lib/model/compat.h"
#include "plugins/lib/model/memory.h"
#include "plugins/lib/model/ops.h"

namespace cairn::model {
namespace {

constexpr std::int64_t kValuesPerTask = std::int64_t{1} << 16;
constexpr std::uint32_t kLostBits = 0xFFFF;  // of a float's, in bfloat16

// The upper halves of `count` floats; false where a lower half is not zero.
bool take_upper_halves(const float* from, std::int64_t count, std::uint16_t* to) {
  std::uint32_t lost = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, from + i, sizeof bits);
    lost |= bits & kLostBits;
    to[i] = static_cast<std::uint16_t>(bits >> 16);
  }
  return lost == 0;
}

// In place; false where the copy would not be exact.
bool halve(at::Tensor& weight) {
  if (!weight.defined()) return true;
  const at::Tensor wide = weight.detach().contiguous();
  const at::Tensor half = at::empty(wide.sizes(), at::kBFloat16);
  const auto* from = wide.data_ptr<float>();
  auto* to = reinterpret_cast<std::uint16_t*>(half.data_ptr<at::BFloat16>());
  std::atomic<bool> exact{true};
  at::parallel_for(0, wide.numel(), kValuesPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end && exact; i += kValuesPerTask) {
      const std::int64_t count = std::min(kValuesPerTask, end - i);
      if (!take_upper_halves(from + i, count, to + i)) exact = false;
    }
  });
  weight = half;
  return exact;
}

bool halve(LayerWeights& layer) {
  for (at::Tensor* matrix :
       {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down}) {
    if (!halve(*matrix)) return false;
  }
  for (ExpertWeights& expert : layer.experts) {
    if (!halve(expert.gate) || !halve(expert.up) || !halve(expert.down)) return false;
  }
  return true;
}

}  // namespace

std::optional<HalfWeights> exact_halves(const CausalLm& model) {
  if (!has_kernels(model.embedding())) return std::nullopt;
  const std::int64_t bytes = 2 * model.parameter_count();
  if (const auto there = available_memory(); there && bytes > *there / 2) return std::nullopt;
  HalfWeights halves;
  for (std::int64_t i = 0; i < model.config().layers; ++i) {
    halves.layers.push_back(model.layer(i));
    if (!halve(halves.layers.back())) return std::nullopt;
  }
  halves.head = model.head();
  if (!halve(halves.head)) return std::nullopt;
  return halves;
}

}  // namespace cairn::model
