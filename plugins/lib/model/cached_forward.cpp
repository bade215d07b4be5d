#include "plugins/lib/model/cached_forward.h"

#include <algorithm>

#include "plugins/lib/model/layer.h"
#include "plugins/lib/model/linear.h"

namespace cairn::model {
namespace {

constexpr std::int64_t kLeastPositions = 256;

at::Tensor indices(const std::vector<std::int64_t>& values, const at::Device& device) {
  return at::tensor(values, at::kLong).to(device);
}

}  // namespace

CachedForward::CachedForward(const CausalLm& model, std::int64_t kv_budget_bytes, bool fixed_order,
                             std::optional<HalfWeights> halves)
    : model_(model),
      fixed_order_(fixed_order),
      halves_(std::move(halves)),
      cache_(model.config(), model.embedding().options().requires_grad(false), kv_budget_bytes) {}

bool CachedForward::reads_halves(std::int64_t rows) const {
  return halves_ && rows <= kHalfWeightRows;
}

void CachedForward::reach(std::int64_t positions) {
  if (positions <= positions_) return;
  positions_ = std::max({kLeastPositions, positions_, std::int64_t{1}});
  while (positions_ < positions) positions_ *= 2;
  table_ = rotary_table(model_.config(), positions_, model_.embedding().device());
}

at::Tensor CachedForward::run(const std::vector<std::int64_t>& tokens,
                              const std::vector<CacheSpan>& spans,
                              const std::vector<std::int64_t>& picked) {
  const at::NoGradGuard no_grad;
  const ProductMode mode(fixed_order_ ? Products::kFixedOrder : Products::kNarrow);
  const ModelConfig& config = model_.config();
  const at::Device device = model_.embedding().device();
  std::vector<std::int64_t> row_positions;
  for (const CacheSpan& span : spans) {
    for (std::int64_t i = 0; i < span.count; ++i) row_positions.push_back(span.position + i);
  }
  const at::Tensor positions = indices(row_positions, device);
  at::Tensor stream = at::embedding(model_.embedding(), indices(tokens, device));
  const bool halves = reads_halves(static_cast<std::int64_t>(tokens.size()));
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const LayerWeights& weights =
        halves ? halves_->layers[static_cast<std::size_t>(i)] : model_.layer(i);
    const Projections now = project(weights, config, stream, table_, positions);
    at::Tensor seen = paged_attention(now.q, now.k, now.v, cache_, i, spans);
    if (i + 1 == config.layers && picked.size() < tokens.size()) {
      const at::Tensor rows = indices(picked, device);
      stream = stream.index_select(0, rows);
      seen = seen.index_select(0, rows);
      if (picked.empty()) return stream;
    }
    stream = finish_layer(weights, config, stream, seen);
  }
  return rms_norm(stream, model_.final_norm(), config.rms_norm_eps);
}

at::Tensor CachedForward::logits(const at::Tensor& hidden) const {
  const at::NoGradGuard no_grad;
  const ProductMode mode(fixed_order_ ? Products::kFixedOrder : Products::kNarrow);
  const at::Tensor& head = reads_halves(hidden.size(0)) ? halves_->head : model_.head();
  return apply_linear(hidden, head).to(at::kCPU, at::kFloat).contiguous();
}

}  // namespace cairn::model
