#include "plugins/lib/model/generate.h"

#include <algorithm>
#include <numeric>

#include "core/base/random.h"
#include "plugins/lib/model/attention.h"
#include "plugins/lib/model/kernels.h"
#include "plugins/lib/model/layer.h"
#include "plugins/lib/model/ops.h"

namespace cairn::model {
namespace {

struct Draw {
  std::int64_t id;
  float logprob;
  float entropy;
};

// The token at which the sorted probabilities' sum passes `uniform` of the kept mass. Ties are
// ordered by id, so the result is a function of the row and the draw.
std::int64_t draw_top_p(const float* row, std::int64_t vocab, float inverse, float lse,
                        double top_p, double uniform) {
  std::vector<std::pair<float, std::int64_t>> order;
  order.reserve(static_cast<std::size_t>(vocab));
  for (std::int64_t i = 0; i < vocab; ++i) order.emplace_back(row[i] * inverse - lse, i);
  const auto likelier = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  };
  // Most of the mass is in few tokens: sort as many as it takes.
  std::size_t sorted = 0;
  double mass = 0;
  std::vector<double> sums;
  while (sums.size() < order.size() && mass < top_p) {
    if (sums.size() == sorted) {
      const std::size_t upto = std::min(order.size(), std::max<std::size_t>(32, sorted * 4));
      std::partial_sort(order.begin() + static_cast<std::ptrdiff_t>(sorted),
                        order.begin() + static_cast<std::ptrdiff_t>(upto), order.end(), likelier);
      sorted = upto;
    }
    mass += std::exp(static_cast<double>(order[sums.size()].first));
    sums.push_back(mass);
  }
  const auto at = std::upper_bound(sums.begin(), sums.end(), uniform * mass) - sums.begin();
  return order[std::min(static_cast<std::size_t>(at), sums.size() - 1)].second;
}

std::int64_t draw_any(const float* row, std::int64_t vocab, float inverse, float lse,
                      double uniform) {
  double mass = 0;
  std::int64_t last = 0;
  for (std::int64_t i = 0; i < vocab; ++i) {
    const double p = std::exp(static_cast<double>(row[i] * inverse - lse));
    if (p > 0) last = i;
    mass += p;
    if (mass > uniform) return i;
  }
  return last;  // rounding left the sum below the draw
}

Draw draw_token(const float* row, std::int64_t vocab, const SamplingOptions& options,
                std::uint64_t seed, std::int64_t position) {
  const bool greedy = options.temperature <= 0;
  const float inverse = greedy ? 1.0F : static_cast<float>(1.0 / options.temperature);
  const kernels::RowScores scores = kernels::score_row(row, vocab, inverse);
  std::int64_t id = 0;
  if (greedy) {
    id = std::max_element(row, row + vocab) - row;
  } else {
    const double uniform =
        RandomStream(seed, "token", {static_cast<std::uint64_t>(position)}).uniform();
    id = options.top_p < 1.0 ? draw_top_p(row, vocab, inverse, scores.lse, options.top_p, uniform)
                             : draw_any(row, vocab, inverse, scores.lse, uniform);
  }
  return {id, row[id] * inverse - scores.lse, scores.entropy};
}

// One turn: groups whose samples are all alive at once.
class Turn {
 public:
  Turn(const CausalLm& model, const SamplingOptions& options) : model_(model), options_(options) {}

  Result<void> run(const std::vector<const SampleGroup*>& groups,
                   const std::vector<std::vector<Completion>*>& results) {
    at::Tensor logits = prefill(groups, results);
    for (std::int64_t t = 0; !owners_.empty(); ++t) {
      if (options_.cancelled && options_.cancelled()) {
        return make_error(ErrorCode::kCancelled, "generation was asked to stop");
      }
      const std::vector<std::int64_t> tokens = choose(logits, t);
      if (owners_.empty() || t + 1 == options_.max_new_tokens) break;
      logits = advance(tokens, t);
    }
    return {};
  }

 private:
  // A live row: which completion it fills and how it draws.
  struct Owner {
    Completion* completion;
    std::uint64_t seed;
    std::size_t group;
    std::int64_t sample;  // row of the own caches
    std::int64_t prompt_length;
  };

  // Computes all prompts; the first logits are the prompts' last rows, one per live sample.
  at::Tensor prefill(const std::vector<const SampleGroup*>& groups,
                     const std::vector<std::vector<Completion>*>& results) {
    PackedBatch batch;
    std::vector<std::int64_t> last_rows;
    std::int64_t samples = 0, longest = 0;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const auto length = static_cast<std::int64_t>(groups[g]->prompt.size());
      const std::int64_t begin = batch.rows();
      batch.tokens.insert(batch.tokens.end(), groups[g]->prompt.begin(), groups[g]->prompt.end());
      batch.segments.push_back({begin, begin + length, -1});
      live_.push_back({begin, begin + length, {}});
      for (std::size_t i = 0; i < groups[g]->seeds.size(); ++i) {
        owners_.push_back({&(*results[g])[i], groups[g]->seeds[i], g, samples, length});
        live_.back().samples.push_back(samples++);
        last_rows.push_back(batch.rows() - 1);
      }
      longest = std::max(longest, length);
    }
    const ModelConfig& config = model_.config();
    const at::Device device = model_.embedding().device();
    table_ = rotary_table(config, longest + options_.max_new_tokens, device);
    std::vector<std::int64_t> positions;
    for (const Segment& segment : batch.segments) {
      for (std::int64_t i = 0; i < segment.end - segment.begin; ++i) positions.push_back(i);
    }
    const at::Tensor at_positions = at::tensor(positions, at::kLong).to(device);
    at::Tensor stream =
        at::embedding(model_.embedding(), at::tensor(batch.tokens, at::kLong).to(device));
    for (std::int64_t i = 0; i < config.layers; ++i) {
      const Projections now = project(model_.layer(i), config, stream, table_, at_positions);
      const at::Tensor seen = has_kernels(stream)
                                  ? packed_attention(now.q, now.k, now.v, batch.segments)
                                  : plain_attention(now.q, now.k, now.v, batch.segments);
      const auto own = [&] {
        return at::zeros({samples, options_.max_new_tokens, config.kv_heads, config.head_dim},
                         now.k.options());
      };
      caches_.push_back({now.k.contiguous(), now.v.contiguous(), own(), own()});
      stream = finish_layer(model_.layer(i), config, stream, seen);
    }
    return logits_of(stream.index_select(0, at::tensor(last_rows, at::kLong).to(device)));
  }

  at::Tensor logits_of(const at::Tensor& stream) const {
    const at::Tensor hidden = rms_norm(stream, model_.final_norm(), model_.config().rms_norm_eps);
    return at::matmul(hidden, model_.head().t()).to(at::kCPU, at::kFloat).contiguous();
  }

  // Draws one token per live row, records it, and drops the rows that ended.
  std::vector<std::int64_t> choose(const at::Tensor& logits, std::int64_t position) {
    const std::int64_t vocab = logits.size(1);
    std::vector<Draw> draws(owners_.size());
    at::parallel_for(0, static_cast<std::int64_t>(owners_.size()), 1,
                     [&](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t r = begin; r < end; ++r) {
                         const auto i = static_cast<std::size_t>(r);
                         draws[i] = draw_token(logits.data_ptr<float>() + r * vocab, vocab,
                                               options_, owners_[i].seed, position);
                       }
                     });
    std::vector<std::int64_t> tokens;
    std::vector<Owner> alive;
    for (LiveGroup& group : live_) group.samples.clear();
    for (std::size_t i = 0; i < owners_.size(); ++i) {
      Completion& completion = *owners_[i].completion;
      completion.ids.push_back(draws[i].id);
      completion.logprobs.push_back(draws[i].logprob);
      completion.entropies.push_back(draws[i].entropy);
      const bool stopped = std::find(options_.stop_ids.begin(), options_.stop_ids.end(),
                                     draws[i].id) != options_.stop_ids.end();
      if (stopped) {
        completion.finish = FinishReason::kStop;
        continue;
      }
      tokens.push_back(draws[i].id);
      alive.push_back(owners_[i]);
      live_[owners_[i].group].samples.push_back(owners_[i].sample);
    }
    owners_ = std::move(alive);
    return tokens;
  }

  // One more token of every live sample through the model; returns the next logits.
  at::Tensor advance(const std::vector<std::int64_t>& tokens, std::int64_t t) {
    const ModelConfig& config = model_.config();
    const at::Device device = model_.embedding().device();
    std::vector<std::int64_t> positions, samples;
    for (const Owner& owner : owners_) {
      positions.push_back(owner.prompt_length + t);
      samples.push_back(owner.sample);
    }
    std::vector<LiveGroup> groups;
    for (const LiveGroup& group : live_) {
      if (!group.samples.empty()) groups.push_back(group);
    }
    const at::Tensor at_positions = at::tensor(positions, at::kLong).to(device);
    const at::Tensor rows = at::tensor(samples, at::kLong).to(device);
    at::Tensor stream = at::embedding(model_.embedding(), at::tensor(tokens, at::kLong).to(device));
    for (std::int64_t i = 0; i < config.layers; ++i) {
      const Projections now = project(model_.layer(i), config, stream, table_, at_positions);
      LayerCache& cache = caches_[static_cast<std::size_t>(i)];
      cache.own_k.select(1, t).index_copy_(0, rows, now.k);
      cache.own_v.select(1, t).index_copy_(0, rows, now.v);
      const at::Tensor seen = has_kernels(stream)
                                  ? decode_attention(now.q, cache, groups, t + 1)
                                  : plain_decode_attention(now.q, cache, groups, t + 1);
      stream = finish_layer(model_.layer(i), config, stream, seen);
    }
    return logits_of(stream);
  }

  const CausalLm& model_;
  const SamplingOptions& options_;
  RotaryTable table_;
  std::vector<LayerCache> caches_;
  std::vector<LiveGroup> live_;  // by group of the turn
  std::vector<Owner> owners_;    // by live row: groups in order, samples in order
};

Result<void> check_request(const CausalLm& model, const std::vector<SampleGroup>& groups,
                           const SamplingOptions& options) {
  if (options.max_new_tokens < 1) return invalid_argument("max_new_tokens must be at least 1");
  if (!(options.top_p > 0)) return invalid_argument("top_p must be above 0");
  for (const SampleGroup& group : groups) {
    if (group.prompt.empty()) return invalid_argument("a prompt to continue has no tokens");
    for (const std::int64_t id : group.prompt) {
      if (id < 0 || id >= model.config().vocab_size) {
        return invalid_argument("token id " + std::to_string(id) +
                                " is outside the vocabulary of " +
                                std::to_string(model.config().vocab_size));
      }
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::vector<Completion>>> generate(const CausalLm& model,
                                                      const std::vector<SampleGroup>& groups,
                                                      const SamplingOptions& options) {
  CAIRN_TRY(check_request(model, groups, options));
  at::NoGradGuard no_grad;
  std::vector<std::vector<Completion>> results(groups.size());
  std::vector<const SampleGroup*> turn;
  std::vector<std::vector<Completion>*> turn_results;
  std::int64_t samples = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    results[g].resize(groups[g].seeds.size());
    const auto more = static_cast<std::int64_t>(groups[g].seeds.size());
    if (!turn.empty() && samples + more > options.max_batch_samples) {
      CAIRN_TRY(Turn(model, options).run(turn, turn_results));
      turn.clear();
      turn_results.clear();
      samples = 0;
    }
    turn.push_back(&groups[g]);
    turn_results.push_back(&results[g]);
    samples += more;
  }
  if (!turn.empty()) CAIRN_TRY(Turn(model, options).run(turn, turn_results));
  return results;
}

}  // namespace cairn::model
