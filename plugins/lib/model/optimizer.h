// AdamW with decoupled weight decay (Loshchilov and Hutter, 2019; PyTorch's formula), and gradient
// clipping by the global norm. State is float32, with a float32 master of every weight that is
// stored narrower; element-wise, so independent of threads.
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

// An error naming step and tensor when the value holds a NaN or an infinity.
[[nodiscard]] Result<void> check_finite(const at::Tensor& value, const std::string& name,
                                        std::int64_t step);

class AdamW {
 public:
  explicit AdamW(AdamWOptions options) : options_(options) {}

  // One step on the gradients at hand. A trained parameter that the loss did not reach (an expert
  // that no token chose) has a gradient of 0: it decays. One that is not trained is left alone.
  void step(CausalLm& model, double learning_rate);
  [[nodiscard]] std::int64_t steps() const { return steps_; }

  // FOLDER/optimizer.safetensors; restoring continues exactly. On an error the state is as it was.
  [[nodiscard]] Result<void> save(const fs::path& folder) const;
  [[nodiscard]] Result<void> restore(const fs::path& folder, const CausalLm& model);

 private:
  struct Moments {
    at::Tensor mean;
    at::Tensor square;
    at::Tensor master;  // undefined where the parameter itself is float32
  };
  AdamWOptions options_;
  std::int64_t steps_ = 0;
  std::map<std::string, Moments> moments_;
};

// What follows a backward pass: gradients are checked, clipped (max_grad_norm 0: not), and stepped
// on. Returns their norm before clipping. A NaN or an infinity in a gradient, or in what a step has
// made of a parameter, is an error naming step and tensor; found in a gradient, nothing was
// changed.
[[nodiscard]] Result<double> train_step(CausalLm& model, AdamW& optimizer, double learning_rate,
                                        double max_grad_norm);

}  // namespace cairn::model
