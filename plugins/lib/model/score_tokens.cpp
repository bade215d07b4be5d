// The head and what training asks of it, without the logits of a whole sequence.
#include <algorithm>

#include "plugins/lib/model/compat.h"
#include "plugins/lib/model/kernels.h"
#include "plugins/lib/model/ops.h"
#include "plugins/lib/model/product.h"

namespace cairn::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kLogitsAtOnce = std::int64_t{1} << 24;
constexpr std::int64_t kLeastRows = 32;
constexpr std::int64_t kRowsPerTask = 8;

// The most rows whose logits exist at once.
std::int64_t chunk_rows(std::int64_t vocab) {
  return std::max(kLeastRows, kLogitsAtOnce / vocab);
}

struct Chunk {
  std::int64_t begin, count;
};

// Rows in chunks of about the same size.
std::vector<Chunk> chunks_of(std::int64_t rows, std::int64_t vocab) {
  const std::int64_t most = chunk_rows(vocab), count = (rows + most - 1) / most;
  std::vector<Chunk> chunks;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t begin = rows * i / count;
    chunks.push_back({begin, rows * (i + 1) / count - begin});
  }
  return chunks;
}

// Where the logits of one chunk after another are.
at::Tensor room_for(const std::vector<Chunk>& chunks, const at::Tensor& hidden,
                    const at::Tensor& head) {
  std::int64_t most = 0;
  for (const Chunk& chunk : chunks) most = std::max(most, chunk.count);
  return at::empty({most, head.size(0)}, hidden.options());
}

bool in_kernels(const at::Tensor& logits) {
  return logits.device().is_cpu() && logits.scalar_type() == at::kFloat;
}

// Rows [begin, begin + logits' rows) of what forward returns and keeps.
struct Outputs {
  at::Tensor logprob, entropy, squares, lse;
};

void score_rows(const at::Tensor& logits, const at::Tensor& targets, double inverse,
                const Outputs& to) {
  if (!in_kernels(logits)) {
    const at::Tensor scaled = logits * inverse;
    const at::Tensor lse = at::logsumexp(scaled, -1);
    const at::Tensor logp = scaled - lse.unsqueeze(1);
    const at::Tensor p = logp.exp();
    to.lse.copy_(lse);
    to.logprob.copy_(logp.gather(1, targets.unsqueeze(1)).squeeze(1));
    to.entropy.copy_(at::special_entr(p).sum(-1));
    to.squares.copy_((p * p).sum(-1));
    return;
  }
  const std::int64_t vocab = logits.size(1);
  const float* values = logits.data_ptr<float>();
  const auto* target = targets.data_ptr<std::int64_t>();
  const auto scale = static_cast<float>(inverse);
  at::parallel_for(0, logits.size(0), kRowsPerTask, [&](std::int64_t a, std::int64_t b) {
    for (std::int64_t r = a; r < b; ++r) {
      const float* row = values + r * vocab;
      const kernels::RowScores scores = kernels::score_row(row, vocab, scale);
      to.lse.data_ptr<float>()[r] = scores.lse;
      to.logprob.data_ptr<float>()[r] = row[target[r]] * scale - scores.lse;
      to.entropy.data_ptr<float>()[r] = scores.entropy;
      to.squares.data_ptr<float>()[r] = scores.sum_squares;
    }
  });
}

// In place: logits become the gradient with respect to them.
void differentiate_rows(at::Tensor& logits, const at::Tensor& targets, double inverse,
                        const at::Tensor& lse, const at::Tensor& upstream) {
  if (!in_kernels(logits)) {
    const at::Tensor factor = (upstream * inverse).unsqueeze(1);
    logits.mul_(inverse).sub_(lse.unsqueeze(1)).exp_().mul_(-factor);
    logits.scatter_add_(1, targets.unsqueeze(1), factor);
    return;
  }
  const std::int64_t vocab = logits.size(1);
  float* values = logits.data_ptr<float>();
  const auto* target = targets.data_ptr<std::int64_t>();
  const auto scale = static_cast<float>(inverse);
  at::parallel_for(0, logits.size(0), kRowsPerTask, [&](std::int64_t a, std::int64_t b) {
    for (std::int64_t r = a; r < b; ++r) {
      kernels::score_row_backward(values + r * vocab, vocab, scale, lse.data_ptr<float>()[r],
                                  target[r], upstream.data_ptr<float>()[r] * scale);
    }
  });
}

struct ScoreTokens : torch::autograd::Function<ScoreTokens> {
  static variable_list forward(AutogradContext* ctx, const at::Tensor& hidden,
                               const at::Tensor& head, const at::Tensor& targets,
                               double temperature, bool differentiates) {
    const std::int64_t rows = hidden.size(0);
    const double inverse = 1.0 / temperature;
    const auto options = widened(hidden.narrow(0, 0, 0)).options();
    const Outputs all{at::empty({rows}, options), at::empty({rows}, options),
                      at::empty({rows}, options), at::empty({rows}, options)};
    const std::vector<Chunk> chunks = chunks_of(rows, head.size(0));
    const at::Tensor room = room_for(chunks, hidden, head);
    for (const Chunk& chunk : chunks) {
      const auto part = [&](const at::Tensor& x) { return x.narrow(0, chunk.begin, chunk.count); };
      at::Tensor logits = room.narrow(0, 0, chunk.count);
      multiply(logits, part(hidden), head.t());
      score_rows(widened(logits), part(targets), inverse,
                 {part(all.logprob), part(all.entropy), part(all.squares), part(all.lse)});
    }
    // The last chunk's logits stay: one chunk less is computed again.
    ctx->save_for_backward({hidden, head, targets, all.lse, differentiates ? room : at::Tensor()});
    ctx->saved_data["last is there"] = differentiates;
    ctx->saved_data["inverse"] = inverse;
    ctx->mark_non_differentiable({all.entropy, all.squares});
    return {all.logprob, all.entropy, all.squares};
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &hidden = saved[0], &head = saved[1], &targets = saved[2], &lse = saved[3];
    const double inverse = ctx->saved_data["inverse"].toDouble();
    bool is_there = ctx->saved_data["last is there"].toBool();
    ctx->saved_data["last is there"] = false;  // a second pass finds the room used
    const at::Tensor upstream = grads[0].contiguous();
    std::vector<Chunk> chunks = chunks_of(hidden.size(0), head.size(0));
    std::reverse(chunks.begin(), chunks.end());
    at::Tensor dhidden = at::empty_like(hidden);
    at::Tensor dhead;  // summed over chunks in at least float32, whatever the weights are
    const at::Tensor& room = saved[4];
    for (const Chunk& chunk : chunks) {
      const auto part = [&](const at::Tensor& x) { return x.narrow(0, chunk.begin, chunk.count); };
      at::Tensor product = room.narrow(0, 0, chunk.count);
      if (!is_there) multiply(product, part(hidden), head.t());
      is_there = false;
      at::Tensor logits = widened(product);
      differentiate_rows(logits, part(targets), inverse, part(lse), part(upstream));
      const at::Tensor dlogits = logits.to(hidden.scalar_type());
      at::Tensor to = part(dhidden);
      multiply(to, dlogits, head);
      if (head.scalar_type() == lse.scalar_type()) {
        const bool add = dhead.defined();
        if (!add) dhead = at::empty_like(head);
        multiply(dhead, dlogits.t(), part(hidden), add);
      } else {
        const at::Tensor more = widened(at::mm(dlogits.t(), part(hidden)));
        dhead = dhead.defined() ? dhead.add_(more) : more;
      }
    }
    if (!dhead.defined()) dhead = at::zeros_like(head);
    return {dhidden, dhead.to(head.scalar_type()), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

std::int64_t logit_chunk_bytes(std::int64_t vocab) {
  return chunk_rows(vocab) * vocab * static_cast<std::int64_t>(sizeof(float));
}

std::vector<at::Tensor> score_tokens(const at::Tensor& hidden, const at::Tensor& head,
                                     const at::Tensor& targets, double temperature) {
  const bool differentiates =
      at::GradMode::is_enabled() && (hidden.requires_grad() || head.requires_grad());
  return ScoreTokens::apply(hidden.contiguous(), head, targets, temperature, differentiates);
}

}  // namespace cairn::model
