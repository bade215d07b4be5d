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
#include "plugins/lib/model/packed.h"
#include "plugins/lib/model/safetensors.h"

namespace cairn::model {

// Of softmax(logits / temperature), one entry per prediction of the batch, in its order.
struct TokenScores {
  at::Tensor logprob;      // float32; differentiable
  at::Tensor entropy;      // nats; without gradient
  at::Tensor sum_squares;  // sum of squared probabilities; without gradient
};

// Weights of one layer, as the checkpoint names them.
struct LayerWeights {
  at::Tensor input_norm, q, k, v, q_norm, k_norm, o, post_norm, gate, up, down;
};

// Not thread-safe: one model, one thread that calls it (its work may use several).
class CausalLm {
 public:
  // Weights drawn from N(0, initializer_range), each tensor keyed by its name; norms are 1.
  [[nodiscard]] static Result<CausalLm> init(const ModelConfig& config, std::uint64_t seed);
  // compute: float32 by default; bfloat16 computes as the reference does in that dtype.
  [[nodiscard]] static Result<CausalLm> load(const fs::path& folder,
                                             at::ScalarType compute = at::kFloat);

  [[nodiscard]] const ModelConfig& config() const { return config_; }
  // By checkpoint name, sorted; leaves. A tied head has no entry. Gradients lie in .grad().
  [[nodiscard]] const std::map<std::string, at::Tensor>& parameters() const { return parameters_; }
  void require_grad(bool on);
  void zero_grad();
  [[nodiscard]] std::int64_t parameter_count() const;

  // Final hidden states [rows, hidden], after the last norm.
  [[nodiscard]] at::Tensor hidden(const PackedBatch& batch) const;
  // Residual stream: the embedding, then after each layer, before the last norm.
  [[nodiscard]] std::vector<at::Tensor> residuals(const PackedBatch& batch) const;
  // Logits of all rows, in the compute dtype: for short inputs and tests.
  [[nodiscard]] at::Tensor logits(const PackedBatch& batch) const;
  // What training uses: logits exist only for a chunk of predictions at a time, forward and
  // backward, so memory is linear in rows. With gradients: inside it, logprob.backward() works;
  // under at::NoGradGuard nothing is kept.
  [[nodiscard]] TokenScores score(const PackedBatch& batch, double temperature) const;

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
  at::Tensor run(const PackedBatch& batch, std::vector<at::Tensor>* residuals) const;

  ModelConfig config_;
  std::map<std::string, at::Tensor> parameters_;
  std::vector<LayerWeights> layers_;
  at::Tensor embedding_, head_, final_norm_;
};

// The names and shapes a checkpoint of this configuration holds, sorted by name.
[[nodiscard]] std::vector<TensorPlan> parameter_plan(const ModelConfig& config, Dtype dtype);

// Writes config.json, model.safetensors, generation_config.json, and the tokenizer's files copied
// from tokenizer_folder, into a folder that is created. dtype: kF32, kBf16 or kF16.
[[nodiscard]] Result<void> save_model(const CausalLm& model, const fs::path& folder, Dtype dtype,
                                      const fs::path& tokenizer_folder);
// Only the weights, for checkpoints: FOLDER/model.safetensors in float32.
[[nodiscard]] Result<void> save_weights(const CausalLm& model, const fs::path& folder);
[[nodiscard]] Result<void> load_weights(CausalLm& model, const fs::path& folder);

}  // namespace cairn::model
