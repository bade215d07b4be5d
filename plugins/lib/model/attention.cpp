#include "plugins/lib/model/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "plugins/lib/model/kernels.h"
#include "plugins/lib/model/turns.h"

namespace cairn::model {
namespace {

// Floats of one block of scores: half of a second-level cache. And query rows: what a block sees of
// the keys after its first row is computed in vain.
constexpr std::int64_t kScoreBlock = std::int64_t{1} << 17;
constexpr std::int64_t kLeastRows = 16, kMostRows = 64;
// Below so many key-value heads of families, a family's gradients are summed up in two parts. No
// thread count enters: it would change the sums' last bits.
constexpr std::int64_t kFewTasks = 8;

at::Tensor matrix(float* data, std::int64_t rows, std::int64_t columns) {
  return at::from_blob(data, {rows, columns}, at::kFloat);
}

// A thread's memory for one block, kept from block to block.
class Buffer {
 public:
  float* of(std::int64_t size) {
    if (values_.size() < static_cast<std::size_t>(size)) {
      values_.resize(static_cast<std::size_t>(size));
    }
    return values_.data();
  }

 private:
  std::vector<float> values_;
};

struct Buffers {
  Buffer queries, scores, results, dout, dscores;
};

// A view of rows [begin, end) of one key-value head of [rows, kv_heads, d], without a dispatch per
// dimension.
at::Tensor head_rows(const float* data, std::int64_t begin, std::int64_t end, std::int64_t kv_heads,
                     std::int64_t d, std::int64_t head) {
  float* at = const_cast<float*>(data) + (begin * kv_heads + head) * d;
  return at::from_blob(at, {end - begin, d}, {kv_heads * d, 1}, at::kFloat);
}

struct Shape {
  std::int64_t heads, kv_heads, d, group;
};

Shape shape_of(const at::Tensor& q, const at::Tensor& k) {
  return {q.size(1), k.size(1), q.size(2), q.size(1) / k.size(1)};
}

// A block of query rows [begin, end) of one segment and the keys it sees: all of [parent_begin,
// parent_end), and [own_begin, end) causally.
struct Block {
  std::int64_t begin, end, parent_begin, parent_end, own_begin;
  [[nodiscard]] std::int64_t parent_keys() const { return parent_end - parent_begin; }
  [[nodiscard]] std::int64_t own_keys() const { return end - own_begin; }
  [[nodiscard]] std::int64_t keys() const { return parent_keys() + own_keys(); }
};

std::vector<Block> blocks_of(const Segment& segment, const std::vector<Segment>& segments,
                             std::int64_t group) {
  Block whole{segment.begin, segment.end, 0, 0, segment.begin};
  if (segment.parent >= 0) {
    const Segment& parent = segments[static_cast<std::size_t>(segment.parent)];
    whole.parent_begin = parent.begin;
    whole.parent_end = parent.end;
  }
  const std::int64_t rows = std::clamp(kScoreBlock / (whole.keys() * group), kLeastRows, kMostRows);
  std::vector<Block> blocks;
  for (std::int64_t begin = segment.begin; begin < segment.end; begin += rows) {
    Block block = whole;
    block.begin = begin;
    block.end = std::min(begin + rows, segment.end);
    blocks.push_back(block);
  }
  return blocks;
}

// Copies query rows of one key-value head's group to [rows * group, d], scaled.
void gather(const float* q, const Shape& s, const Block& block, std::int64_t head, float scale,
            float* out) {
  for (std::int64_t r = block.begin; r < block.end; ++r) {
    const float* from = q + (r * s.heads + head * s.group) * s.d;
    for (std::int64_t i = 0; i < s.group * s.d; ++i) out[i] = from[i] * scale;
    out += s.group * s.d;
  }
}

void scatter(const float* from, const Shape& s, const Block& block, std::int64_t head, float* q) {
  for (std::int64_t r = block.begin; r < block.end; ++r) {
    std::copy_n(from, s.group * s.d, q + (r * s.heads + head * s.group) * s.d);
    from += s.group * s.d;
  }
}

// scores[:, parent keys | own keys] = q k^T
void scores_of(const at::Tensor& queries, const float* k, const Shape& s, const Block& block,
               std::int64_t head, at::Tensor& scores) {
  const std::int64_t split = block.parent_keys();
  if (split > 0) {
    at::Tensor part = scores.narrow(1, 0, split);
    at::mm_out(part, queries,
               head_rows(k, block.parent_begin, block.parent_end, s.kv_heads, s.d, head).t());
  }
  at::Tensor part = scores.narrow(1, split, block.own_keys());
  at::mm_out(part, queries, head_rows(k, block.own_begin, block.end, s.kv_heads, s.d, head).t());
}

// out = weights [rows, keys] times values of the parent and own keys.
void weigh(const at::Tensor& weights, const float* v, const Shape& s, const Block& block,
           std::int64_t head, at::Tensor& out) {
  const std::int64_t split = block.parent_keys();
  at::mm_out(out, weights.narrow(1, split, block.own_keys()),
             head_rows(v, block.own_begin, block.end, s.kv_heads, s.d, head));
  if (split > 0) {
    out.addmm_(weights.narrow(1, 0, split),
               head_rows(v, block.parent_begin, block.parent_end, s.kv_heads, s.d, head));
  }
}

// grad of keys or values += weights^T rows, for the parent and own keys.
void spread(const at::Tensor& weights, const at::Tensor& rows, float* grad, const Shape& s,
            const Block& block, std::int64_t head) {
  const std::int64_t split = block.parent_keys();
  if (split > 0) {
    head_rows(grad, block.parent_begin, block.parent_end, s.kv_heads, s.d, head)
        .addmm_(weights.narrow(1, 0, split).t(), rows);
  }
  head_rows(grad, block.own_begin, block.end, s.kv_heads, s.d, head)
      .addmm_(weights.narrow(1, split, block.own_keys()).t(), rows);
}

// Keys that query row r of the block may see.
std::int64_t visible(const Block& block, std::int64_t row) {
  return block.parent_keys() + (block.begin + row) - block.own_begin + 1;
}

void forward_block(const Block& block, std::int64_t head, const Shape& s, const float* q,
                   const float* k, const float* v, float* out, float* lse, Buffers& room) {
  const std::int64_t rows = (block.end - block.begin) * s.group;
  at::Tensor queries = matrix(room.queries.of(rows * s.d), rows, s.d);
  gather(q, s, block, head, 1.0F / std::sqrt(static_cast<float>(s.d)), queries.data_ptr<float>());
  at::Tensor scores = matrix(room.scores.of(rows * block.keys()), rows, block.keys());
  scores_of(queries, k, s, block, head, scores);
  float* row = scores.data_ptr<float>();
  for (std::int64_t i = 0; i < rows; ++i, row += block.keys()) {
    const std::int64_t seen = visible(block, i / s.group);
    const float sum = kernels::softmax(row, seen);
    std::fill(row + seen, row + block.keys(), 0.0F);
    lse[(block.begin + i / s.group) * s.heads + head * s.group + i % s.group] = sum;
  }
  at::Tensor result = matrix(room.results.of(rows * s.d), rows, s.d);
  weigh(scores, v, s, block, head, result);
  scatter(result.data_ptr<float>(), s, block, head, out);
}

struct BackwardData {
  const float *q, *k, *v, *out, *lse, *dout;
  float *dq, *dk, *dv;
};

void backward_block(const Block& block, std::int64_t head, const Shape& s, const BackwardData& t,
                    Buffers& room) {
  const std::int64_t rows = (block.end - block.begin) * s.group;
  const std::int64_t keys = block.keys();
  const float scale = 1.0F / std::sqrt(static_cast<float>(s.d));
  at::Tensor queries = matrix(room.queries.of(rows * s.d), rows, s.d);
  at::Tensor dout = matrix(room.dout.of(rows * s.d), rows, s.d);
  at::Tensor out = matrix(room.results.of(rows * s.d), rows, s.d);
  gather(t.q, s, block, head, scale, queries.data_ptr<float>());
  gather(t.dout, s, block, head, 1.0F, dout.data_ptr<float>());
  gather(t.out, s, block, head, 1.0F, out.data_ptr<float>());
  at::Tensor p = matrix(room.scores.of(rows * keys), rows, keys);
  at::Tensor dp = matrix(room.dscores.of(rows * keys), rows, keys);
  scores_of(queries, t.k, s, block, head, p);
  scores_of(dout, t.v, s, block, head, dp);
  float* p_row = p.data_ptr<float>();
  for (std::int64_t i = 0; i < rows; ++i, p_row += keys) {
    const std::int64_t seen = visible(block, i / s.group);
    const std::int64_t slot = (block.begin + i / s.group) * s.heads + head * s.group + i % s.group;
    kernels::exp_minus(p_row, seen, t.lse[slot]);
    std::fill(p_row + seen, p_row + keys, 0.0F);
  }
  spread(p, dout, t.dv, s, block, head);
  p_row = p.data_ptr<float>();
  const float* dp_row = dp.data_ptr<float>();
  for (std::int64_t i = 0; i < rows; ++i, p_row += keys, dp_row += keys) {
    const float delta =
        kernels::dot(dout.data_ptr<float>() + i * s.d, out.data_ptr<float>() + i * s.d, s.d);
    kernels::softmax_backward(p_row, dp_row, visible(block, i / s.group), delta);
  }
  spread(p, queries, t.dk, s, block, head);  // the scale is in the queries
  weigh(p, t.k, s, block, head, out);
  out.mul_(scale);
  scatter(out.data_ptr<float>(), s, block, head, t.dq);
}

// Segments that share keys, so that one thread adds up their gradients: a root and its children.
std::vector<std::vector<const Segment*>> families(const std::vector<Segment>& segments) {
  std::vector<std::vector<const Segment*>> result;
  std::map<int, std::size_t> family_of_root;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const int root = segments[i].parent >= 0 ? segments[i].parent : static_cast<int>(i);
    const auto [at, fresh] = family_of_root.try_emplace(root, result.size());
    if (fresh) result.emplace_back();
    result[at->second].push_back(&segments[i]);
  }
  return result;
}

std::vector<Segment> segments_from(const at::Tensor& tensor) {
  std::vector<Segment> segments(static_cast<std::size_t>(tensor.size(0)));
  const auto* in = tensor.data_ptr<std::int64_t>();
  for (Segment& segment : segments) {
    segment = {in[0], in[1], static_cast<int>(in[2])};
    in += 3;
  }
  return segments;
}

struct PackedAttention : torch::autograd::Function<PackedAttention> {
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& q,
                            const at::Tensor& k, const at::Tensor& v, const at::Tensor& layout) {
    const std::vector<Segment> segments = segments_from(layout);
    const Shape s = shape_of(q, k);
    at::Tensor out = at::empty_like(q);
    at::Tensor lse = at::empty({q.size(0), s.heads}, at::kFloat);
    const float *from_q = q.data_ptr<float>(), *from_k = k.data_ptr<float>(),
                *from_v = v.data_ptr<float>();
    auto *to_out = out.data_ptr<float>(), *to_lse = lse.data_ptr<float>();
    std::vector<Block> blocks;
    for (const Segment& segment : segments) {
      const std::vector<Block> more = blocks_of(segment, segments, s.group);
      blocks.insert(blocks.end(), more.begin(), more.end());
    }
    std::stable_sort(blocks.begin(), blocks.end(),
                     [](const Block& a, const Block& b) { return a.keys() > b.keys(); });
    take_turns(static_cast<std::int64_t>(blocks.size()) * s.kv_heads, [&] {
      return [&, room = Buffers()](std::int64_t i) mutable {
        const at::NoGradGuard no_grad;
        forward_block(blocks[static_cast<std::size_t>(i / s.kv_heads)], i % s.kv_heads, s, from_q,
                      from_k, from_v, to_out, to_lse, room);
      };
    });
    ctx->save_for_backward({q, k, v, layout, out, lse});
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2];
    const std::vector<Segment> segments = segments_from(saved[3]);
    const Shape s = shape_of(q, k);
    const at::Tensor dout = grads[0].contiguous();
    at::Tensor dq = at::empty_like(q);
    const auto groups = families(segments);
    const auto whole = static_cast<std::int64_t>(groups.size()) * s.kv_heads;
    const std::int64_t parts = whole < kFewTasks ? 2 : 1;
    // Each part sums up into gradients of its own.
    std::vector<at::Tensor> dk{at::zeros_like(k)}, dv{at::zeros_like(v)};
    for (std::int64_t i = 1; i < parts; ++i) {
      dk.push_back(at::zeros_like(k));
      dv.push_back(at::zeros_like(v));
    }
    std::vector<BackwardData> data;
    for (std::size_t i = 0; i < dk.size(); ++i) {
      data.push_back({q.data_ptr<float>(), k.data_ptr<float>(), v.data_ptr<float>(),
                      saved[4].data_ptr<float>(), saved[5].data_ptr<float>(),
                      dout.data_ptr<float>(), dq.data_ptr<float>(), dk[i].data_ptr<float>(),
                      dv[i].data_ptr<float>()});
    }
    take_turns(whole * parts, [&] {
      return [&, room = Buffers()](std::int64_t i) mutable {
        const at::NoGradGuard no_grad;
        const std::int64_t part = i % parts, head = i / parts % s.kv_heads;
        std::int64_t block_number = 0;
        for (const Segment* segment : groups[static_cast<std::size_t>(i / parts / s.kv_heads)]) {
          for (const Block& block : blocks_of(*segment, segments, s.group)) {
            if (block_number++ % parts != part) continue;
            backward_block(block, head, s, data[static_cast<std::size_t>(part)], room);
          }
        }
      };
    });
    for (std::size_t i = 1; i < dk.size(); ++i) {
      dk[0].add_(dk[i]);
      dv[0].add_(dv[i]);
    }
    return {dq, dk[0], dv[0], at::Tensor()};
  }
};

}  // namespace

at::Tensor segments_tensor(const std::vector<Segment>& segments) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(segments.size()), 3}, at::kLong);
  auto* out = tensor.data_ptr<std::int64_t>();
  for (const Segment& segment : segments) {
    *out++ = segment.begin;
    *out++ = segment.end;
    *out++ = segment.parent;
  }
  return tensor;
}

at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const std::vector<Segment>& segments) {
  return PackedAttention::apply(q, k, v, segments_tensor(segments));
}

}  // namespace cairn::model
