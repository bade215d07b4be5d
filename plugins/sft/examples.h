// What supervised training reads: chats as token sequences, and the weight of each prediction.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/random.h"
#include "core/base/result.h"
#include "plugins/lib/model/packed.h"
#include "plugins/lib/model/tokenizer.h"
#include "plugins/lib/text/records.h"

namespace cairn::sft {

// A chat. Only the tokens of the assistant's turns, each with its <|im_end|>, are answer tokens.
struct Example {
  std::vector<std::int64_t> tokens;
  std::vector<bool> is_answer;  // by token
  std::size_t record = 0;       // it was made from

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(tokens.size()); }
  [[nodiscard]] std::int64_t prompt_size() const;  // tokens before the first answer
  // A question and its answer; make_examples has seen that the tokenizer has <|im_end|>.
  [[nodiscard]] Result<void> append_turn(const model::Tokenizer& tokenizer, std::string_view prompt,
                                         std::string_view answer);

 private:
  void append(const std::vector<std::int64_t>& more, bool answer);
};

struct ExampleSet {
  std::vector<Example> training;
  std::vector<Example> heldout;
  std::int64_t too_long = 0;
  std::int64_t unanswered = 0;  // records without an accepted answer
};

// "The answer is X" after the record's prompt. Records whose prompt is longer than max_input are
// left out; which ones are held out is drawn by `order`.
[[nodiscard]] Result<ExampleSet> make_examples(const std::vector<text::QaRecord>& records,
                                               const model::Tokenizer& tokenizer,
                                               std::int64_t max_input, double heldout_fraction,
                                               RandomStream order);

// `share` of the records in a drawn order, without those that the set holds out.
[[nodiscard]] std::vector<std::size_t> draw_training_records(std::size_t records, double share,
                                                             const ExampleSet& set,
                                                             RandomStream& draw);

// The examples of one step: every epoch is one shuffle of all, drawn by (seed, epoch), so a step's
// batch is a function of the step.
[[nodiscard]] std::vector<std::size_t> batch_of_step(std::uint64_t seed, std::int64_t step,
                                                     std::int64_t batch, std::size_t examples);

// A batch cut into packed parts of about max_tokens tokens. Sum over the parts of
// weights . logprob = - loss, with
//   loss = mean over answer tokens + prompt_weight * mean over all tokens.
struct WeightedBatch {
  model::PackedBatch packed;
  std::vector<float> weights;   // by prediction, negative log-likelihood's factor
  std::vector<bool> in_answer;  // by prediction
};
[[nodiscard]] std::vector<WeightedBatch> weigh(const std::vector<const Example*>& examples,
                                               double prompt_weight, std::int64_t max_tokens);
[[nodiscard]] std::int64_t answer_tokens(const std::vector<const Example*>& examples);

}  // namespace cairn::sft
