#include "plugins/lib/trainer/rollout.h"

namespace cairn::trainer {

Turn turn_of(std::vector<std::int64_t> prompt, model::Completion completion) {
  return {.prompt = std::move(prompt),
          .tokens = std::move(completion.ids),
          .entropies = {completion.entropies.begin(), completion.entropies.end()},
          .logprobs = {completion.logprobs.begin(), completion.logprobs.end()},
          .cut = completion.finish == model::FinishReason::kLength};
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
