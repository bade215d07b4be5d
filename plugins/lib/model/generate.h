// Sampling from a model: groups of samples that share their prompt.
//
// Each prompt is computed once and its keys and values are shared by the group's samples. Every
// draw is keyed by the sample's own seed and the position, so what else is in the batch does not
// matter (beyond rounding in the last bit of a logit).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/causal_lm.h"

namespace cairn::model {

struct SampleGroup {
  std::vector<std::int64_t> prompt;  // at least one token
  // One sample each. derive_seed(stage seed, "sample", {step, sample}) is the usual value; token i
  // of a sample draws RandomStream(seed, "token", {i}).
  std::vector<std::uint64_t> seeds;
};

struct SamplingOptions {
  double temperature = 1.0;  // 0: greedy
  double top_p = 1.0;        // the smallest set of most likely tokens with this much probability
  std::int64_t max_new_tokens = 32;
  std::vector<std::int64_t> stop_ids;
  // Samples alive at once; more groups than that are done in turns.
  std::int64_t max_batch_samples = 512;
  // Asked between tokens; true ends generation with kCancelled.
  std::function<bool()> cancelled;
};

enum class FinishReason { kStop, kLength };

struct Completion {
  std::vector<std::int64_t> ids;  // the stop token included when it ended there
  // Per token, of softmax(logits / temperature) before top-p; greedy: temperature 1.
  std::vector<float> logprobs;
  std::vector<float> entropies;
  FinishReason finish = FinishReason::kLength;
};

// [group][sample], in the order given.
[[nodiscard]] Result<std::vector<std::vector<Completion>>> generate(
    const CausalLm& model, const std::vector<SampleGroup>& groups, const SamplingOptions& options);

}  // namespace cairn::model
