#include "plugins/lib/trainer/rollout.h"

namespace cairn::trainer {

Turn turn_of(std::vector<std::int64_t> prompt, model::Completion completion) {
  return {std::move(prompt),
          std::move(completion.ids),
          {completion.entropies.begin(), completion.entropies.end()}};
}

model::SamplingOptions sampling_of(const RlOptions& options, const model::Tokenizer& tokenizer) {
  model::SamplingOptions sampling;
  sampling.temperature = options.temperature;
  sampling.top_p = options.top_p;
  sampling.max_new_tokens = options.max_output_tokens;
  sampling.stop_ids = tokenizer.stop_ids();
  return sampling;
}

}  // namespace cairn::trainer
