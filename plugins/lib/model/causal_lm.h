// A language model of the Qwen3 or Llama kind: weights, forward and backward over packed batches,
// and its folder on disk.
//
// Compute is float32 on the CPU through kernels of our own; any other dtype or device goes through
// plain LibTorch operations with the same results up to rounding.
#pragma once

#include <torch/all.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "plugins/lib/model/compat.h"
#include "plugins/lib/model/config.h"
#include "plugins/lib/model/experts.h"
#include "plugins/lib/model/layer.h"
#include "plugins/lib/model/packed.h"
#include "plugins/lib/model/safetensors.h"

namespace cairn::model {

// Of softmax(logits / temperature), one entry per prediction of the batch, in its order.
struct TokenScores {
  at::Tensor logprob;      // float32; differentiable
  at::Tensor entropy;      // nats; without gradient
  at::Tensor sum_squares;  // sum of squared probabilities; without gradient
  // float32 [], differentiable; see load_balancing_loss. Undefined unless asked for, and where no
  // layer has experts.
  at::Tensor load_balancing;
};

struct ScoreOptions {
  double temperature = 1.0;
  // Keep one residual stream per layer for the backward pass and compute the rest again: a third
  // more work, the same gradients bit for bit.
  bool recompute = false;
  // Compute TokenScores::load_balancing over all rows of the batch.
  bool load_balancing = false;
};

// Not thread-safe: one model, one thread that calls it (its work may use several).
class CausalLm {
 public:
  // Weights drawn from N(0, initializer_range), each tensor keyed by its name; norms are 1.
  [[nodiscard]] static Result<CausalLm> init(const ModelConfig& config, std::uint64_t seed);
  // compute: float32 by default; bfloat16 computes as the reference does in that dtype. Experts may
  // be fused in the file; parameters are per expert. A tensor that is missing, of another shape
  // than the config says, of a dtype that is no float's, or that the architecture does not have,
  // is an error naming tensor and config key.
  [[nodiscard]] static Result<CausalLm> load(const fs::path& folder,
                                             at::ScalarType compute = at::kFloat);

  [[nodiscard]] const ModelConfig& config() const { return config_; }
  // By checkpoint name, sorted; leaves. A tied head has no entry. Gradients lie in .grad().
  [[nodiscard]] const std::map<std::string, at::Tensor>& parameters() const { return parameters_; }
  void require_grad(bool on);
  void zero_grad();
  [[nodiscard]] std::int64_t parameter_count() const;
  // Moves the weights; their gradients are dropped. kUnavailable where there is no such device.
  [[nodiscard]] Result<void> move_to(const at::Device& device);

  // Final hidden states [rows, hidden], after the last norm.
  [[nodiscard]] at::Tensor hidden(const PackedBatch& batch) const;
  // Residual stream: the embedding, then after each layer, before the last norm.
  [[nodiscard]] std::vector<at::Tensor> residuals(const PackedBatch& batch) const;
  // Logits of all rows, in the compute dtype: for short inputs and tests.
  [[nodiscard]] at::Tensor logits(const PackedBatch& batch) const;
  // What training uses: logits exist only for a chunk of predictions at a time, forward and
  // backward, so memory is linear in rows. With gradients: inside it, logprob.backward() works;
  // under at::NoGradGuard nothing is kept. The last layer computes only the rows that predict.
  // Errors: kInvalidArgument for a batch that the model cannot read (check_batch);
  // kResourceExhausted, with the bytes needed and there, before they are asked for.
  [[nodiscard]] Result<TokenScores> score(const PackedBatch& batch,
                                          const ScoreOptions& options = {}) const;
  // What the routers decide, one for each layer with experts, in their order.
  [[nodiscard]] std::vector<Route> routes(const PackedBatch& batch) const;

  [[nodiscard]] const LayerWeights& layer(std::int64_t i) const {
    return layers_[static_cast<std::size_t>(i)];
  }
  [[nodiscard]] const at::Tensor& embedding() const { return embedding_; }
  [[nodiscard]] const at::Tensor& head() const { return head_; }  // the embedding when tied
  [[nodiscard]] const at::Tensor& final_norm() const { return final_norm_; }

  // Replaces the named parameter's values; shapes must agree.
  [[nodiscard]] Result<void> set_parameter(const std::string& name, const at::Tensor& values);

 private:
  CausalLm(ModelConfig config, std::map<std::string, at::Tensor> parameters);
  void bind_layers();
  struct Run;
  [[nodiscard]] at::Tensor run(const PackedBatch& batch, const Run& run) const;
  [[nodiscard]] TokenScores scores_of(const PackedBatch& batch, const ScoreOptions& options) const;

  ModelConfig config_;
  std::map<std::string, at::Tensor> parameters_;
  std::vector<LayerWeights> layers_;
  at::Tensor embedding_, head_, final_norm_;
};

// Tokens and targets within the vocabulary, segments that cover the rows one after another with
// earlier roots as parents, predictions at rows of the batch.
[[nodiscard]] Result<void> check_batch(const PackedBatch& batch, const ModelConfig& config);

// Bytes that a call of score() holds at its peak beside the weights and their gradients, estimated
// from the sizes involved.
[[nodiscard]] std::int64_t score_bytes(const PackedBatch& batch, const ModelConfig& config,
                                       const ScoreOptions& options, bool with_gradients);

// Writes config.json, the weights (model.safetensors, or shards of at most shard_bytes and their
// index), generation_config.json, and the tokenizer's files copied from tokenizer_folder, into a
// folder that is created. dtype: kF32, kBf16 or kF16.
[[nodiscard]] Result<void> save_model(const CausalLm& model, const fs::path& folder, Dtype dtype,
                                      const fs::path& tokenizer_folder,
                                      std::uint64_t shard_bytes = kDefaultShardBytes);
// Only the weights, for checkpoints: FOLDER/model.safetensors in float32.
[[nodiscard]] Result<void> save_weights(const CausalLm& model, const fs::path& folder);
[[nodiscard]] Result<void> load_weights(CausalLm& model, const fs::path& folder);

}  // namespace cairn::model
