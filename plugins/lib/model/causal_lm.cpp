#include "plugins/lib/model/causal_lm.h"

#include <algorithm>

#include "plugins/lib/model/linear.h"
#include "plugins/lib/model/memory.h"
#include "plugins/lib/model/ops.h"
#include "plugins/lib/model/recompute.h"

namespace cairn::model {
namespace {

constexpr const char* kLowerBatch =
    "fewer or shorter sequences at once take less, and so does recompute";

// One row's positions: a child segment goes on where its parent ends.
at::Tensor positions_of(const PackedBatch& batch, std::int64_t* longest) {
  at::Tensor positions = at::empty({batch.rows()}, at::kLong);
  auto* out = positions.data_ptr<std::int64_t>();
  *longest = 0;
  for (const Segment& segment : batch.segments) {
    std::int64_t first = 0;
    if (segment.parent >= 0) {
      const Segment& parent = batch.segments[static_cast<std::size_t>(segment.parent)];
      first = parent.end - parent.begin;
    }
    for (std::int64_t r = segment.begin; r < segment.end; ++r) out[r] = first + r - segment.begin;
    *longest = std::max(*longest, first + segment.end - segment.begin);
  }
  return positions;
}

at::Tensor to_tensor(const std::vector<std::int64_t>& values) {
  return at::tensor(values, at::kLong);
}

Error bad_batch(const std::string& what) {
  return invalid_argument("a batch that no model can read: " + what,
                          "pack_groups and pack_sequences make batches that fit together");
}

Result<void> check_ids(const std::vector<std::int64_t>& ids, std::int64_t vocab) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < vocab) continue;
    return invalid_argument("token " + std::to_string(ids[i]) + " in row " + std::to_string(i) +
                                " is outside of the vocabulary of " + std::to_string(vocab),
                            "the tokenizer belongs to another model");
  }
  return {};
}

// What one row leaves for the backward pass in a layer, in values.
double kept_per_row(const ModelConfig& config, std::int64_t layer) {
  const auto d = static_cast<double>(config.head_dim);
  const auto h = static_cast<double>(config.hidden_size);
  const double heads = static_cast<double>(config.heads), kv = static_cast<double>(config.kv_heads);
  const double attention = 4 * h + d * (3 * heads + 3 * kv);
  if (!config.has_experts(layer)) {
    return attention + 3 * static_cast<double>(config.intermediate_size);
  }
  const auto k = static_cast<double>(config.experts->chosen);
  return attention + k * (3 * static_cast<double>(config.experts->intermediate_size) + 3 * h) +
         3 * static_cast<double>(config.experts->count);
}

}  // namespace

Result<void> check_batch(const PackedBatch& batch, const ModelConfig& config) {
  CAIRN_TRY(check_ids(batch.tokens, config.vocab_size));
  std::int64_t row = 0;
  for (std::size_t i = 0; i < batch.segments.size(); ++i) {
    const Segment& segment = batch.segments[i];
    if (segment.begin != row || segment.end <= segment.begin || segment.end > batch.rows()) {
      return bad_batch("segment " + std::to_string(i) + " does not follow the one before");
    }
    if (segment.parent >= static_cast<int>(i) ||
        (segment.parent >= 0 &&
         batch.segments[static_cast<std::size_t>(segment.parent)].parent >= 0)) {
      return bad_batch("segment " + std::to_string(i) + " has a parent that is no earlier root");
    }
    row = segment.end;
  }
  if (row != batch.rows()) return bad_batch("its segments do not cover its tokens");
  for (const Prediction& prediction : batch.predictions) {
    if (prediction.row < 0 || prediction.row >= batch.rows()) {
      return bad_batch("a prediction at row " + std::to_string(prediction.row) + " of " +
                       std::to_string(batch.rows()));
    }
    CAIRN_TRY(check_ids({prediction.target}, config.vocab_size));
  }
  return {};
}

std::int64_t score_bytes(const PackedBatch& batch, const ModelConfig& config,
                         const ScoreOptions& options, bool with_gradients) {
  const auto rows = static_cast<double>(batch.rows());
  const auto h = static_cast<double>(config.hidden_size);
  double widest = 0, all = 0;
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const double layer = kept_per_row(config, i);
    widest = std::max(widest, layer);
    all += layer;
  }
  double values = rows * widest * 2;
  if (with_gradients) {
    values += rows * (options.recompute ? static_cast<double>(config.layers) * h : all);
  }
  values += static_cast<double>(batch.predictions.size()) * (3 * h + 4);
  values += static_cast<double>(logit_chunk_bytes(config.vocab_size)) / sizeof(float);
  return static_cast<std::int64_t>(values * sizeof(float));
}

void CausalLm::require_grad(bool on) {
  for (auto& [name, tensor] : parameters_) tensor.set_requires_grad(on);
}

void CausalLm::zero_grad() {
  for (auto& [name, tensor] : parameters_) tensor.mutable_grad().reset();
}

std::int64_t CausalLm::parameter_count() const {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : parameters_) count += tensor.numel();
  return count;
}

// What a pass over the layers keeps, and for which rows it is asked.
struct CausalLm::Run {
  bool recompute = false;
  at::Tensor wanted{};  // int64 rows of the last stream; undefined: all
  std::vector<at::Tensor>* residuals = nullptr;
  std::vector<Route>* routes = nullptr;
};

at::Tensor CausalLm::run(const PackedBatch& batch, const Run& run) const {
  std::int64_t longest = 0;
  const at::Device device = embedding_.device();
  const at::Tensor positions = positions_of(batch, &longest).to(device);
  const RotaryTable table = rotary_table(config_, longest, device);
  at::Tensor stream = at::embedding(embedding_, to_tensor(batch.tokens).to(device));
  if (run.residuals != nullptr) run.residuals->push_back(stream);
  for (const LayerWeights& weights : layers_) {
    const bool last = &weights == &layers_.back();
    // By value: a recomputed piece outlives this call.
    const Piece layer = [this_config = config_, weights, table, positions,
                         segments = batch.segments,
                         wanted = last ? run.wanted : at::Tensor()](const at::Tensor& input) {
      const Projections now = project(weights, this_config, input, table, positions);
      at::Tensor seen = causal_attention(now, segments);
      at::Tensor onward = input;
      if (wanted.defined()) {
        seen = seen.index_select(0, wanted);
        onward = input.index_select(0, wanted);
      }
      Route taken;
      onward = finish_layer(weights, this_config, onward, seen, &taken);
      return std::vector<at::Tensor>{onward, taken.probability, taken.chosen, taken.weight};
    };
    const std::vector<at::Tensor> done =
        run.recompute ? recomputed(layer, stream, weights.all()) : layer(stream);
    stream = done[0];
    if (run.residuals != nullptr) run.residuals->push_back(stream);
    if (run.routes != nullptr && done[1].defined()) {
      run.routes->push_back({done[1], done[2], done[3]});
    }
  }
  return stream;
}

at::Tensor CausalLm::hidden(const PackedBatch& batch) const {
  return rms_norm(run(batch, {}), final_norm_, config_.rms_norm_eps);
}

std::vector<at::Tensor> CausalLm::residuals(const PackedBatch& batch) const {
  std::vector<at::Tensor> streams;
  (void)run(batch, {.residuals = &streams});
  return streams;
}

at::Tensor CausalLm::logits(const PackedBatch& batch) const {
  return apply_linear(hidden(batch), head_);
}

std::vector<Route> CausalLm::routes(const PackedBatch& batch) const {
  std::vector<Route> routes;
  (void)run(batch, {.routes = &routes});
  return routes;
}

TokenScores CausalLm::scores_of(const PackedBatch& batch, const ScoreOptions& options) const {
  at::Tensor rows = at::empty({static_cast<std::int64_t>(batch.predictions.size())}, at::kLong);
  at::Tensor targets = at::empty_like(rows);
  for (std::size_t i = 0; i < batch.predictions.size(); ++i) {
    rows.data_ptr<std::int64_t>()[i] = batch.predictions[i].row;
    targets.data_ptr<std::int64_t>()[i] = batch.predictions[i].target;
  }
  const at::Device device = embedding_.device();
  rows = rows.to(device);
  std::vector<Route> routes;
  Run how{.recompute = options.recompute};
  // Balance is over all rows, so all of them go through the last layer's router.
  if (options.load_balancing) {
    how.routes = &routes;
  } else {
    how.wanted = rows;
  }
  at::Tensor picked = run(batch, how);
  if (!how.wanted.defined()) picked = picked.index_select(0, rows);
  const std::vector<at::Tensor> scores =
      score_tokens(rms_norm(picked, final_norm_, config_.rms_norm_eps), head_, targets.to(device),
                   options.temperature);
  return {scores[0], scores[1], scores[2], load_balancing_loss(routes)};
}

Result<TokenScores> CausalLm::score(const PackedBatch& batch, const ScoreOptions& options) const {
  CAIRN_TRY(check_batch(batch, config_));
  if (!(options.temperature > 0)) {
    return invalid_argument("scores of a temperature of " + std::to_string(options.temperature),
                            "a distribution needs a temperature above 0");
  }
  const std::int64_t bytes = score_bytes(batch, config_, options, at::GradMode::is_enabled());
  const std::string what = "a batch of " + std::to_string(batch.rows()) + " rows";
  if (embedding_.device().is_cpu()) CAIRN_TRY(check_memory(bytes, what, kLowerBatch));
  return guarded(what, bytes, kLowerBatch,
                 [&]() -> Result<TokenScores> { return scores_of(batch, options); });
}

}  // namespace cairn::model
