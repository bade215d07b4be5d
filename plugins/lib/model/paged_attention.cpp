#include "plugins/lib/model/paged_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plugins/lib/model/kernels.h"
#include "plugins/lib/model/narrow_gemm.h"
#include "plugins/lib/model/ops.h"
#include "plugins/lib/model/turns.h"

namespace cairn::model {
namespace {

constexpr std::int64_t kScores = std::int64_t{1} << 19;  // floats of one task's scores, at most
constexpr std::int64_t kRowsOfTask = 64;
constexpr std::size_t kSpansOfTask = 8;

struct Shape {
  std::int64_t heads, kv_heads, d, group;
};

// Spans [first, last) whose first `shared` blocks are the same, or a part of one span.
struct Task {
  std::vector<CacheSpan> spans;
  std::size_t shared = 0;

  [[nodiscard]] std::int64_t rows() const {
    std::int64_t sum = 0;
    for (const CacheSpan& span : spans) sum += span.count;
    return sum;
  }
};

std::int64_t keys_of(const CacheSpan& span) {
  return span.position + span.count;
}

std::size_t blocks_of(const CacheSpan& span) {
  return static_cast<std::size_t>((keys_of(span) + kBlockTokens - 1) / kBlockTokens);
}

std::int64_t rows_within(std::int64_t keys, std::int64_t group) {
  return std::max<std::int64_t>(kScores / (std::max<std::int64_t>(keys, 1) * group), 1);
}

// Leading blocks that both have in full, below both rows' positions.
std::size_t common_blocks(const CacheSpan& a, const CacheSpan& b, std::size_t limit) {
  const auto full = static_cast<std::size_t>(std::min(a.position, b.position) / kBlockTokens);
  limit = std::min(limit, full);
  std::size_t common = 0;
  while (common < limit && a.blocks[common] == b.blocks[common]) ++common;
  return common;
}

std::vector<Task> tasks_of(const std::vector<CacheSpan>& spans, std::int64_t group) {
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < spans.size();) {
    const CacheSpan& span = spans[i];
    if (span.count > 1) {
      const std::int64_t most = std::min(kRowsOfTask, rows_within(keys_of(span), group));
      for (std::int64_t at = 0; at < span.count; at += most) {
        const std::int64_t count = std::min(most, span.count - at);
        tasks.push_back({{{span.row + at, count, span.position + at, span.blocks}}, 0});
        tasks.back().shared = blocks_of(tasks.back().spans.front());
      }
      ++i;
      continue;
    }
    Task task{{span}, blocks_of(span)};
    std::int64_t longest = keys_of(span);
    for (++i; i < spans.size() && spans[i].count == 1 && task.spans.size() < kSpansOfTask; ++i) {
      const std::size_t common = common_blocks(task.spans.front(), spans[i], task.shared);
      longest = std::max(longest, keys_of(spans[i]));
      // A neighbour that shares much less would take the sharing from those already together.
      const bool less = task.spans.size() > 1 && 2 * common < task.shared;
      if (common == 0 || less ||
          static_cast<std::int64_t>(task.spans.size()) >= rows_within(longest, group)) {
        break;
      }
      task.spans.push_back(spans[i]);
      task.shared = common;
    }
    tasks.push_back(std::move(task));
  }
  return tasks;
}

struct Buffers {
  std::vector<float> queries, scores, results;
};

// One task for one key-value head.
class HeadTask {
 public:
  HeadTask(const Task& task, const KvCache& cache, std::int64_t layer, std::int64_t head,
           const Shape& shape, Buffers& buffers)
      : task_(task), cache_(cache), layer_(layer), head_(head), s_(shape), b_(buffers) {
    for (const CacheSpan& span : task.spans) blocks_ = std::max(blocks_, blocks_of(span));
    width_ = static_cast<std::int64_t>(blocks_) * kBlockTokens;
  }

  void run(const float* q, float* out) {
    const std::int64_t rows = task_.rows() * s_.group;
    b_.queries.resize(static_cast<std::size_t>(rows * s_.d));
    b_.scores.resize(static_cast<std::size_t>(rows * width_));
    b_.results.assign(static_cast<std::size_t>(rows * s_.d), 0.0F);
    gather(q);
    over_blocks(
        [&](std::int64_t row, std::int64_t count, std::size_t at, BlockId block, std::int64_t) {
          kernels::block_product({&b_.queries[index(row * s_.d)], s_.d,
                                  cache_.key_data(block, layer_, head_), kBlockTokens,
                                  &b_.scores[index(row * width_ + first_key(at))], width_, count,
                                  s_.d, kBlockTokens});
        });
    weigh();
    over_blocks([&](std::int64_t row, std::int64_t count, std::size_t at, BlockId block,
                    std::int64_t keys) {
      const std::int64_t inner = std::min(kBlockTokens, keys - first_key(at));
      kernels::block_product({&b_.scores[index(row * width_ + first_key(at))], width_,
                              cache_.value_data(block, layer_, head_), s_.d,
                              &b_.results[index(row * s_.d)], s_.d, count, inner, s_.d, true});
    });
    scatter(out);
  }

 private:
  static std::size_t index(std::int64_t value) { return static_cast<std::size_t>(value); }
  static std::int64_t first_key(std::size_t block) {
    return static_cast<std::int64_t>(block) * kBlockTokens;
  }

  // Shared blocks with all rows at once, then each span's own; `keys`: how many any of the rows
  // sees. A row meets its blocks in the order of positions.
  template <typename Work>
  void over_blocks(const Work& work) const {
    const std::vector<CacheSpan>& spans = task_.spans;
    const std::int64_t all = task_.rows() * s_.group;
    for (std::size_t at = 0; at < task_.shared; ++at) {
      work(0, all, at, spans.front().blocks[at], keys_of(spans.front()));
    }
    std::int64_t row = 0;
    for (const CacheSpan& span : spans) {
      const std::int64_t count = span.count * s_.group;
      for (std::size_t at = task_.shared; at < blocks_of(span); ++at) {
        work(row, count, at, span.blocks[at], keys_of(span));
      }
      row += count;
    }
  }

  void gather(const float* q) {
    const float scale = 1.0F / std::sqrt(static_cast<float>(s_.d));
    float* to = b_.queries.data();
    for (const CacheSpan& span : task_.spans) {
      for (std::int64_t r = span.row; r < span.row + span.count; ++r) {
        const float* from = q + (r * s_.heads + head_ * s_.group) * s_.d;
        for (std::int64_t i = 0; i < s_.group * s_.d; ++i) *to++ = from[i] * scale;
      }
    }
  }

  void weigh() {
    float* row = b_.scores.data();
    for (const CacheSpan& span : task_.spans) {
      const std::int64_t end = static_cast<std::int64_t>(blocks_of(span)) * kBlockTokens;
      for (std::int64_t r = 0; r < span.count * s_.group; ++r, row += width_) {
        const std::int64_t seen = span.position + r / s_.group + 1;
        kernels::softmax(row, seen);
        std::fill(row + seen, row + end, 0.0F);
      }
    }
  }

  void scatter(float* out) const {
    const float* from = b_.results.data();
    for (const CacheSpan& span : task_.spans) {
      for (std::int64_t r = span.row; r < span.row + span.count; ++r) {
        std::copy_n(from, s_.group * s_.d, out + (r * s_.heads + head_ * s_.group) * s_.d);
        from += s_.group * s_.d;
      }
    }
  }

  const Task& task_;
  const KvCache& cache_;
  std::int64_t layer_, head_;
  const Shape& s_;
  Buffers& b_;
  std::size_t blocks_ = 0;
  std::int64_t width_ = 0;
};

void store(const float* k, const float* v, KvCache& cache, std::int64_t layer,
           const std::vector<CacheSpan>& spans, const Shape& s) {
  for (const CacheSpan& span : spans) {
    for (std::int64_t i = 0; i < span.count; ++i) {
      const std::int64_t at = span.position + i, slot = at % kBlockTokens;
      const BlockId block = span.blocks[static_cast<std::size_t>(at / kBlockTokens)];
      for (std::int64_t head = 0; head < s.kv_heads; ++head) {
        const std::int64_t from = ((span.row + i) * s.kv_heads + head) * s.d;
        float* keys = cache.key_data(block, layer, head) + slot;
        for (std::int64_t j = 0; j < s.d; ++j) keys[j * kBlockTokens] = k[from + j];
        std::copy_n(v + from, s.d, cache.value_data(block, layer, head) + slot * s.d);
      }
    }
  }
}

at::Tensor attend(const at::Tensor& q, KvCache& cache, std::int64_t layer,
                  const std::vector<CacheSpan>& spans, const Shape& s) {
  at::Tensor out = at::empty_like(q);
  const std::vector<Task> tasks = tasks_of(spans, s.group);
  const auto count = static_cast<std::int64_t>(tasks.size()) * s.kv_heads;
  take_turns(count, [&] {
    return [&, buffers = Buffers()](std::int64_t i) mutable {
      HeadTask(tasks[static_cast<std::size_t>(i / s.kv_heads)], cache, layer, i % s.kv_heads, s,
               buffers)
          .run(q.data_ptr<float>(), out.data_ptr<float>());
    };
  });
  return out;
}

void plain_store(const at::Tensor& k, const at::Tensor& v, KvCache& cache, std::int64_t layer,
                 const CacheSpan& span) {
  for (std::int64_t i = 0; i < span.count;) {
    const std::int64_t at = span.position + i, slot = at % kBlockTokens;
    const std::int64_t count = std::min(kBlockTokens - slot, span.count - i);
    const BlockId block = span.blocks[static_cast<std::size_t>(at / kBlockTokens)];
    const std::int64_t row = span.row + i;
    cache.keys(block, layer)
        .narrow(2, slot, count)
        .copy_(k.narrow(0, row, count).permute({1, 2, 0}));
    cache.values(block, layer)
        .narrow(1, slot, count)
        .copy_(v.narrow(0, row, count).transpose(0, 1));
    i += count;
  }
}

at::Tensor plain_attend(const at::Tensor& q, const KvCache& cache, std::int64_t layer,
                        const CacheSpan& span, std::int64_t group) {
  std::vector<at::Tensor> key_parts, value_parts;
  for (std::size_t i = 0; i < blocks_of(span); ++i) {
    key_parts.push_back(cache.keys(span.blocks[i], layer));
    value_parts.push_back(cache.values(span.blocks[i], layer));
  }
  const std::int64_t seen = keys_of(span);
  const at::Tensor keys = at::cat(key_parts, 2).narrow(2, 0, seen).repeat_interleave(group, 0);
  const at::Tensor values = at::cat(value_parts, 1).narrow(1, 0, seen).repeat_interleave(group, 0);
  const at::Tensor queries = q.narrow(0, span.row, span.count).transpose(0, 1);
  const at::Tensor hidden =
      at::ones({span.count, seen}, q.options().dtype(at::kBool)).triu(span.position + 1);
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
  const at::Tensor scores = (at::matmul(queries, keys) * scale)
                                .masked_fill(hidden, -std::numeric_limits<double>::infinity());
  const at::Tensor weights = at::softmax(scores, -1, at::kFloat).to(q.scalar_type());
  return at::matmul(weights, values).transpose(0, 1);
}

}  // namespace

at::Tensor paged_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           KvCache& cache, std::int64_t layer,
                           const std::vector<CacheSpan>& spans) {
  const Shape s{q.size(1), k.size(1), q.size(2), q.size(1) / k.size(1)};
  if (has_kernels(q)) {
    store(k.data_ptr<float>(), v.data_ptr<float>(), cache, layer, spans, s);
    return attend(q, cache, layer, spans, s);
  }
  for (const CacheSpan& span : spans) plain_store(k, v, cache, layer, span);
  std::vector<at::Tensor> parts;
  for (const CacheSpan& span : spans) {
    parts.push_back(plain_attend(q, cache, layer, span, s.group));
  }
  return at::cat(parts, 0);
}

}  // namespace cairn::model
