// Attention in plain LibTorch operations: any dtype, any device. Blocks of queries, as the kernels
// do it; a block's probabilities are computed again in the backward pass.
#include <algorithm>
#include <cmath>
#include <limits>

#include "plugins/lib/model/attention.h"
#include "plugins/lib/model/ops.h"

namespace cairn::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Scores of a block, all heads together: what fits caches, or keeps a GPU busy.
constexpr std::int64_t kScoresOnCpu = std::int64_t{1} << 21;
constexpr std::int64_t kScoresElsewhere = std::int64_t{1} << 26;

// Query rows [begin, end) of a segment and where the keys they see lie: a parent's, and the
// segment's own up to `end`.
struct QueryBlock {
  std::int64_t begin, end, parent_begin, parent_rows, own_begin;
  [[nodiscard]] std::int64_t rows() const { return end - begin; }
  [[nodiscard]] std::int64_t own_rows() const { return end - own_begin; }
};

std::vector<QueryBlock> blocks_of(const at::Tensor& segments, const at::Tensor& q) {
  const std::int64_t scores = q.device().is_cpu() ? kScoresOnCpu : kScoresElsewhere;
  const auto* rows = segments.data_ptr<std::int64_t>();
  std::vector<QueryBlock> blocks;
  for (std::int64_t i = 0; i < segments.size(0); ++i) {
    const std::int64_t begin = rows[i * 3], end = rows[i * 3 + 1], parent = rows[i * 3 + 2];
    const std::int64_t before = parent < 0 ? 0 : rows[parent * 3 + 1] - rows[parent * 3];
    const std::int64_t step =
        std::max<std::int64_t>(16, scores / (q.size(1) * (before + end - begin)));
    for (std::int64_t at = begin; at < end; at += step) {
      blocks.push_back(
          {at, std::min(at + step, end), parent < 0 ? 0 : rows[parent * 3], before, begin});
    }
  }
  return blocks;
}

// [heads of one key, rows of a block] as one dimension, key heads first: [kv_heads, group * rows,
// d].
at::Tensor by_key_head(const at::Tensor& x, const QueryBlock& block, std::int64_t kv_heads) {
  return x.narrow(0, block.begin, block.rows())
      .transpose(0, 1)
      .reshape({kv_heads, x.size(1) / kv_heads * block.rows(), x.size(2)});
}

// The way back: [rows, heads, d].
at::Tensor by_row(const at::Tensor& x, const QueryBlock& block, std::int64_t heads) {
  return x.reshape({heads, block.rows(), x.size(2)}).transpose(0, 1);
}

// [kv_heads, keys, d] of the keys or values that a block sees.
at::Tensor seen_by(const at::Tensor& x, const QueryBlock& block) {
  const at::Tensor own = x.narrow(0, block.own_begin, block.own_rows());
  if (block.parent_rows == 0) return own.transpose(0, 1);
  return at::cat({x.narrow(0, block.parent_begin, block.parent_rows), own}).transpose(0, 1);
}

// Adds [kv_heads, keys, d] to the rows that seen_by took.
void add_seen(at::Tensor& to, const at::Tensor& part, const QueryBlock& block) {
  const at::Tensor rows = part.transpose(0, 1);
  if (block.parent_rows > 0) {
    to.narrow(0, block.parent_begin, block.parent_rows).add_(rows.narrow(0, 0, block.parent_rows));
  }
  to.narrow(0, block.own_begin, block.own_rows())
      .add_(rows.narrow(0, block.parent_rows, block.own_rows()));
}

// Softmax in at least float32 of the scores [kv_heads, group * rows, keys].
at::Tensor probabilities(const at::Tensor& queries, const at::Tensor& keys, const QueryBlock& block,
                         double scale) {
  at::Tensor scores = widened(at::matmul(queries, keys.transpose(1, 2))).mul(scale);
  const std::int64_t seen = keys.size(1), before = seen - block.rows();
  const at::Tensor hidden =
      at::ones({block.rows(), seen}, queries.options().dtype(at::kBool)).triu(before + 1);
  scores.view({-1, block.rows(), seen})
      .masked_fill_(hidden, -std::numeric_limits<double>::infinity());
  return at::softmax(scores, -1);
}

struct BlockAttention : torch::autograd::Function<BlockAttention> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v, const at::Tensor& segments) {
    const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
    at::Tensor out = at::empty_like(q);
    for (const QueryBlock& block : blocks_of(segments, q)) {
      const at::Tensor p =
          probabilities(by_key_head(q, block, k.size(1)), seen_by(k, block), block, scale);
      out.narrow(0, block.begin, block.rows())
          .copy_(by_row(at::matmul(p.to(q.scalar_type()), seen_by(v, block)), block, q.size(1)));
    }
    ctx->save_for_backward({q, k, v, segments});
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2];
    const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
    const auto dtype = q.scalar_type();
    at::Tensor dq = at::empty_like(q);
    // Summed over blocks in at least float32.
    at::Tensor dk = at::zeros_like(widened(k)), dv = at::zeros_like(widened(v));
    for (const QueryBlock& block : blocks_of(saved[3], q)) {
      const at::Tensor queries = by_key_head(q, block, k.size(1));
      const at::Tensor keys = seen_by(k, block);
      const at::Tensor dout = by_key_head(grads[0], block, k.size(1));
      const at::Tensor p = probabilities(queries, keys, block, scale);
      add_seen(dv, at::matmul(p.to(dtype).transpose(1, 2), dout), block);
      const at::Tensor dp = widened(at::matmul(dout, seen_by(v, block).transpose(1, 2)));
      const at::Tensor dscores = (p * (dp - (p * dp).sum(-1, /*keepdim=*/true)) * scale).to(dtype);
      dq.narrow(0, block.begin, block.rows())
          .copy_(by_row(at::matmul(dscores, keys), block, q.size(1)));
      add_seen(dk, at::matmul(dscores.transpose(1, 2), queries), block);
    }
    return {dq, dk.to(dtype), dv.to(dtype), at::Tensor()};
  }
};

}  // namespace

at::Tensor plain_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const std::vector<Segment>& segments) {
  return BlockAttention::apply(q.contiguous(), k.contiguous(), v.contiguous(),
                               segments_tensor(segments));
}

}  // namespace cairn::model
