// The paged cache of keys and values: blocks of kBlockTokens positions, all layers of a position in
// one block, with a budget in bytes. Memory is taken from the system when a block is first used and
// kept for the cache's life.
//
// A block that holds a full block of a prompt can be found by what it holds: its tokens and the
// block before it. It lives as long as someone references it. Not thread-safe.
#pragma once

#include <torch/all.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "plugins/lib/model/config.h"

namespace cairn::model {

inline constexpr std::int64_t kBlockTokens = 32;

using BlockId = std::int64_t;
inline constexpr BlockId kNoBlock = -1;

class KvCache {
 public:
  // `options`: dtype and device of keys and values.
  KvCache(const ModelConfig& config, const at::TensorOptions& options, std::int64_t budget_bytes);

  // Bytes of one block: 2 * layers * kv_heads * head_dim * kBlockTokens elements.
  [[nodiscard]] std::int64_t block_bytes() const { return block_bytes_; }
  // Blocks that the budget has room for, and those neither taken nor reserved.
  [[nodiscard]] std::int64_t capacity() const { return capacity_; }
  [[nodiscard]] std::int64_t available() const { return capacity_ - taken_ - reserved_; }
  [[nodiscard]] std::int64_t taken() const { return taken_; }

  // Sets blocks aside for later; at most available().
  void reserve(std::int64_t blocks) { reserved_ += blocks; }
  void unreserve(std::int64_t blocks) { reserved_ -= blocks; }
  // A block, out of those reserved, with one reference.
  [[nodiscard]] BlockId take();
  void share(BlockId block) { ++blocks_[index(block)].references; }
  // At the last reference the block is free again and no longer found.
  void release(BlockId block);

  // The block with these kBlockTokens tokens after block `before` (kNoBlock: at the beginning).
  [[nodiscard]] std::optional<BlockId> find(BlockId before,
                                            std::span<const std::int64_t> tokens) const;
  // Makes a block findable, unless one with the same content is.
  void enter(BlockId block, BlockId before, std::span<const std::int64_t> tokens);

  // Keys of one layer [kv_heads, head_dim, kBlockTokens], values [kv_heads, kBlockTokens,
  // head_dim].
  [[nodiscard]] at::Tensor keys(BlockId block, std::int64_t layer) const;
  [[nodiscard]] at::Tensor values(BlockId block, std::int64_t layer) const;
  // The same for one head, of float32 on the CPU.
  [[nodiscard]] float* key_data(BlockId block, std::int64_t layer, std::int64_t head) const;
  [[nodiscard]] float* value_data(BlockId block, std::int64_t layer, std::int64_t head) const;
  void copy(BlockId from, BlockId to);

 private:
  // A block is named by what it was entered as: a later block of the same id is another one.
  using Content = std::pair<std::int64_t, std::vector<std::int64_t>>;
  struct Block {
    at::Tensor data;  // [layers, 2, kv_heads * head_dim * kBlockTokens]
    float* raw = nullptr;
    std::int64_t references = 0;
    std::int64_t serial = -1;
    std::optional<std::map<Content, BlockId>::iterator> entry;
  };
  [[nodiscard]] static std::size_t index(BlockId block) { return static_cast<std::size_t>(block); }
  [[nodiscard]] Content content(BlockId before, std::span<const std::int64_t> tokens) const;

  std::int64_t layers_, kv_heads_, head_dim_;
  at::TensorOptions options_;
  std::int64_t block_bytes_ = 0, capacity_ = 0, taken_ = 0, reserved_ = 0, serials_ = 0;
  std::vector<Block> blocks_;
  std::set<BlockId> free_;
  std::map<Content, BlockId> found_;
};

}  // namespace cairn::model
