// Attention in plain LibTorch operations: any dtype, any device.
#include <cmath>
#include <limits>

#include "plugins/lib/model/attention.h"

namespace cairn::model {

at::Tensor plain_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const std::vector<Segment>& segments) {
  const std::int64_t group = q.size(1) / k.size(1);
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
  std::vector<at::Tensor> results;
  for (const Segment& segment : segments) {
    const std::int64_t rows = segment.end - segment.begin;
    const auto with_parent = [&](const at::Tensor& t) {
      at::Tensor own = t.slice(0, segment.begin, segment.end);
      if (segment.parent < 0) return own;
      const Segment& parent = segments[static_cast<std::size_t>(segment.parent)];
      return at::cat({t.slice(0, parent.begin, parent.end), own}, 0);
    };
    const at::Tensor keys = with_parent(k).repeat_interleave(group, 1).transpose(0, 1);
    const at::Tensor values = with_parent(v).repeat_interleave(group, 1).transpose(0, 1);
    const at::Tensor queries = q.slice(0, segment.begin, segment.end).transpose(0, 1);
    const std::int64_t before = keys.size(1) - rows;
    const at::Tensor hidden =
        at::ones({rows, keys.size(1)}, q.options().dtype(at::kBool)).triu(before + 1);
    at::Tensor scores = at::matmul(queries, keys.transpose(1, 2)) * scale;
    scores = scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
    const at::Tensor weights = at::softmax(scores, -1, at::kFloat).to(q.scalar_type());
    results.push_back(at::matmul(weights, values).transpose(0, 1));
  }
  return at::cat(results, 0);
}

}  // namespace cairn::model
