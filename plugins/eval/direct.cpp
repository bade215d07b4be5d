#include "plugins/eval/direct.h"

namespace cairn::eval {

Result<std::vector<std::vector<Response>>> answer_directly(
    const model::CausalLm& policy, const model::Tokenizer& tokenizer,
    const std::vector<model::SampleGroup>& groups, model::SamplingOptions sampling,
    const model::EngineOptions& engine) {
  sampling.stop_ids = tokenizer.stop_ids();
  CAIRN_ASSIGN(const auto generated, model::generate(policy, groups, sampling, engine));
  std::vector<std::vector<Response>> answers;
  for (const auto& group : generated.completions) {
    auto& row = answers.emplace_back();
    for (const auto& completion : group) {
      row.push_back({tokenizer.decode(completion.ids, true),
                     static_cast<std::int64_t>(completion.ids.size()),
                     completion.finish == model::FinishReason::kLength});
    }
  }
  return answers;
}

std::vector<std::int64_t> without_middle(const std::vector<std::int64_t>& prompt,
                                         std::int64_t limit) {
  if (static_cast<std::int64_t>(prompt.size()) <= limit) return prompt;
  const std::ptrdiff_t half = limit / 2;
  std::vector<std::int64_t> kept(prompt.begin(), prompt.begin() + half);
  kept.insert(kept.end(), prompt.end() - half, prompt.end());
  return kept;
}

}  // namespace cairn::eval
