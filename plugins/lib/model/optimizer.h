// AdamW with decoupled weight decay (Loshchilov and Hutter, 2019; PyTorch's formula), and gradient
// clipping by the global norm. State is float32; element-wise, so independent of threads.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/files.h"
#include "core/base/result.h"
#include "plugins/lib/model/causal_lm.h"

namespace cairn::model {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.0;  // on every parameter, norms included
};

// 2-norm over all gradients, summed in double in the order of names.
[[nodiscard]] double grad_norm(const CausalLm& model);
// All gradients times min(1, max_norm / (norm + 1e-6)); returns the norm before.
double clip_grad_norm(CausalLm& model, double max_norm);

class AdamW {
 public:
  explicit AdamW(AdamWOptions options) : options_(options) {}

  // One step on the gradients at hand; a parameter without gradient is left alone.
  void step(CausalLm& model, double learning_rate);
  [[nodiscard]] std::int64_t steps() const { return steps_; }

  // FOLDER/optimizer.safetensors; restoring continues exactly.
  [[nodiscard]] Result<void> save(const fs::path& folder) const;
  [[nodiscard]] Result<void> restore(const fs::path& folder, const CausalLm& model);

 private:
  struct Moments {
    at::Tensor mean;
    at::Tensor square;
  };
  AdamWOptions options_;
  std::int64_t steps_ = 0;
  std::map<std::string, Moments> moments_;
};

}  // namespace cairn::model
