// How often a policy answers prompts rightly, sampled in batches that a killed stage need not
// repeat.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/sdk/context.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/tokenizer.h"
#include "plugins/lib/text/records.h"

namespace cairn::filtering {

struct ScoreOptions {
  double temperature = 0.7;
  double top_p = 0.95;
  std::int64_t max_output_tokens = 12000;
  std::int64_t batch_tokens = 65536;  // prompts and responses at once; at least one prompt
  double pass_reward = 1;             // rewards from here on count as right
  bool thinks = false;
};

// One thing to ask: the prompt may show other documents than the record has.
struct Question {
  const text::QaRecord* record = nullptr;
  std::vector<std::int64_t> prompt;
};

// Not thread-safe. What it refers to outlives it.
class Scorer {
 public:
  Scorer(StageContext& ctx, const model::CausalLm& policy, const model::Tokenizer& tokenizer,
         const ScoreOptions& options)
      : ctx_(ctx), policy_(policy), tokenizer_(tokenizer), options_(options) {}

  // The tokens of a record's prompt, as the RL stages make it.
  [[nodiscard]] Result<std::vector<std::int64_t>> prompt_of(const text::QaRecord& record) const;

  // For each question, how many of `samples` responses are right. Draws are keyed by the phase, the
  // record's id and the sample. Each batch is remembered by the task (StageContext::memo), so the
  // questions of a phase must be the same in every attempt.
  [[nodiscard]] Result<std::vector<std::int64_t>> right_answers(
      std::string_view phase, const std::vector<Question>& questions, std::int64_t samples);

 private:
  [[nodiscard]] std::size_t batch_end(const std::vector<Question>& questions, std::size_t begin,
                                      std::int64_t samples) const;
  [[nodiscard]] Result<json::value> ask(std::string_view phase,
                                        const std::vector<Question>& questions, std::size_t begin,
                                        std::size_t end, std::int64_t samples) const;
  StageContext& ctx_;
  const model::CausalLm& policy_;
  const model::Tokenizer& tokenizer_;
  ScoreOptions options_;
};

}  // namespace cairn::filtering
