#include "plugins/lib/model/kv_cache.h"

#include <algorithm>

namespace cairn::model {

KvCache::KvCache(const ModelConfig& config, const at::TensorOptions& options,
                 std::int64_t budget_bytes)
    : layers_(config.layers),
      kv_heads_(config.kv_heads),
      head_dim_(config.head_dim),
      options_(options) {
  const auto element = static_cast<std::int64_t>(options.dtype().itemsize());
  block_bytes_ = 2 * layers_ * kv_heads_ * head_dim_ * kBlockTokens * element;
  capacity_ = std::max<std::int64_t>(budget_bytes / block_bytes_, 0);
}

BlockId KvCache::take() {
  BlockId block = static_cast<BlockId>(blocks_.size());
  if (free_.empty()) {
    Block fresh;
    fresh.data = at::empty({layers_, 2, kv_heads_ * head_dim_ * kBlockTokens}, options_);
    if (fresh.data.is_cpu() && fresh.data.scalar_type() == at::kFloat) {
      fresh.raw = fresh.data.data_ptr<float>();
    }
    blocks_.push_back(std::move(fresh));
  } else {
    block = *free_.begin();
    free_.erase(free_.begin());
  }
  blocks_[index(block)].references = 1;
  blocks_[index(block)].serial = serials_++;
  ++taken_;
  --reserved_;
  return block;
}

void KvCache::release(BlockId block) {
  Block& released = blocks_[index(block)];
  if (--released.references > 0) return;
  if (released.entry) found_.erase(*released.entry);
  released.entry.reset();
  free_.insert(block);
  --taken_;
}

KvCache::Content KvCache::content(BlockId before, std::span<const std::int64_t> tokens) const {
  const std::int64_t serial = before == kNoBlock ? -1 : blocks_[index(before)].serial;
  return {serial, {tokens.begin(), tokens.end()}};
}

std::optional<BlockId> KvCache::find(BlockId before, std::span<const std::int64_t> tokens) const {
  const auto found = found_.find(content(before, tokens));
  if (found == found_.end()) return std::nullopt;
  return found->second;
}

void KvCache::enter(BlockId block, BlockId before, std::span<const std::int64_t> tokens) {
  const auto [entry, fresh] = found_.try_emplace(content(before, tokens), block);
  if (fresh) blocks_[index(block)].entry = entry;
}

at::Tensor KvCache::keys(BlockId block, std::int64_t layer) const {
  const at::Tensor& data = blocks_[index(block)].data;
  return data.select(0, layer).select(0, 0).view({kv_heads_, head_dim_, kBlockTokens});
}

at::Tensor KvCache::values(BlockId block, std::int64_t layer) const {
  const at::Tensor& data = blocks_[index(block)].data;
  return data.select(0, layer).select(0, 1).view({kv_heads_, kBlockTokens, head_dim_});
}

float* KvCache::key_data(BlockId block, std::int64_t layer, std::int64_t head) const {
  return blocks_[index(block)].raw + (2 * layer * kv_heads_ + head) * head_dim_ * kBlockTokens;
}

float* KvCache::value_data(BlockId block, std::int64_t layer, std::int64_t head) const {
  return blocks_[index(block)].raw +
         ((2 * layer + 1) * kv_heads_ + head) * head_dim_ * kBlockTokens;
}

void KvCache::copy(BlockId from, BlockId to) {
  blocks_[index(to)].data.copy_(blocks_[index(from)].data);
}

}  // namespace cairn::model
