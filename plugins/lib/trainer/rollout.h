// What a policy did with a batch of prompts, whatever produced it: one turn, or a memory agent's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/generate.h"
#include "plugins/lib/model/tokenizer.h"
#include "plugins/lib/trainer/dataset.h"
#include "plugins/lib/trainer/params.h"

namespace cairn::trainer {

// What a memory agent was given in a turn that reads, and what it made of it. Kept for the record;
// training needs the tokens alone.
struct Reading {
  std::vector<std::string> documents;  // ids of the chunk's documents
  std::string given_memory;
  std::string given_plan;
  std::string memory;
  std::string plan;
  bool memory_cut = false;  // to its budget
};

// One prompt and the tokens drawn after it; prompts are no part of the gradient.
struct Turn {
  std::vector<std::int64_t> prompt;
  std::vector<std::int64_t> tokens;
  std::vector<double> entropies;   // nats, one per token, at the sampling temperature
  std::vector<double> logprobs{};  // likewise
  bool cut = false;                // at the output limit: no stop token ended it
  std::optional<Reading> reading{};
};

[[nodiscard]] Turn turn_of(std::vector<std::int64_t> prompt, model::Completion completion);
// Until the tokenizer's stop ids or max_output_tokens.
[[nodiscard]] model::SamplingOptions sampling_of(const RlOptions& options,
                                                 const model::Tokenizer& tokenizer);

struct Trajectory {
  std::vector<Turn> turns;
  std::string response;   // the final answer's text, what the reward is taken from
  bool overlong = false;  // a turn was cut at the output limit
};

// Where rollouts come from. Called on the stage's thread.
class RolloutSource {
 public:
  virtual ~RolloutSource() = default;
  // [prompt][response]; samples are items of the dataset. Draws are keyed by (step, sample, index).
  [[nodiscard]] virtual Result<std::vector<std::vector<Trajectory>>> roll(
      const model::CausalLm& policy, std::int64_t step,
      const std::vector<std::size_t>& samples) = 0;
};

}  // namespace cairn::trainer
