#include "plugins/sft/examples.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace cairn::sft {

void Example::append(const std::vector<std::int64_t>& more, bool answer) {
  tokens.insert(tokens.end(), more.begin(), more.end());
  is_answer.resize(tokens.size(), answer);
}

std::int64_t Example::prompt_size() const {
  return std::ranges::find(is_answer, true) - is_answer.begin();
}

Result<void> Example::append_turn(const model::Tokenizer& tokenizer, std::string_view prompt,
                                  std::string_view answer) {
  if (!tokens.empty()) append(tokenizer.encode("\n"), false);
  CAIRN_ASSIGN(const std::vector<std::int64_t> asked, tokenizer.encode_prompt(prompt));
  append(asked, false);
  append(tokenizer.encode(answer), true);
  append({tokenizer.find(model::kImEnd).value_or(-1)}, true);
  return {};
}

Result<ExampleSet> make_examples(const std::vector<text::QaRecord>& records,
                                 const model::Tokenizer& tokenizer, std::int64_t max_input,
                                 double heldout_fraction, RandomStream order) {
  if (!tokenizer.find(model::kImEnd)) {
    return invalid_argument("the tokenizer has no token <|im_end|> to end an answer with",
                            "use a tokenizer with ChatML's special tokens");
  }
  ExampleSet set;
  std::vector<Example> all;
  for (std::size_t index = 0; index < records.size(); ++index) {
    const text::QaRecord& record = records[index];
    if (record.answer.empty()) {
      ++set.unanswered;
      continue;
    }
    Example example;
    example.record = index;
    CAIRN_TRY(example.append_turn(tokenizer, text::render_prompt(record),
                                  text::answer_sentence(record.answer.front())));
    if (example.prompt_size() > max_input) {
      ++set.too_long;
      continue;
    }
    all.push_back(std::move(example));
  }
  order.shuffle(all);
  const auto heldout = static_cast<std::size_t>(heldout_fraction * static_cast<double>(all.size()));
  for (std::size_t i = 0; i < all.size(); ++i) {
    (i < heldout ? set.heldout : set.training).push_back(std::move(all[i]));
  }
  if (set.training.empty()) {
    return invalid_argument("no record is left to train on: " + std::to_string(set.too_long) +
                                " of " + std::to_string(records.size()) +
                                " prompts are longer than max_input_tokens",
                            "raise max_input_tokens, or make shorter prompts");
  }
  return set;
}

std::vector<std::size_t> draw_training_records(std::size_t records, double share,
                                               const ExampleSet& set, RandomStream& draw) {
  std::vector<std::size_t> order(records);
  std::iota(order.begin(), order.end(), 0);
  draw.shuffle(order);
  order.resize(static_cast<std::size_t>(share * static_cast<double>(records)));
  std::set<std::size_t> heldout;
  for (const Example& example : set.heldout) heldout.insert(example.record);
  std::erase_if(order, [&](std::size_t record) { return heldout.contains(record); });
  return order;
}

std::vector<std::size_t> batch_of_step(std::uint64_t seed, std::int64_t step, std::int64_t batch,
                                       std::size_t examples) {
  std::vector<std::size_t> chosen;
  std::vector<std::size_t> order;
  std::uint64_t shuffled_epoch = 0;
  for (std::int64_t i = 0; i < batch; ++i) {
    const auto at = static_cast<std::uint64_t>(step * batch + i);
    const std::uint64_t epoch = at / examples;
    if (order.empty() || epoch != shuffled_epoch) {
      order.resize(examples);
      std::iota(order.begin(), order.end(), 0);
      RandomStream(seed, "epoch", {epoch}).shuffle(order);
      shuffled_epoch = epoch;
    }
    chosen.push_back(order[at % examples]);
  }
  return chosen;
}

std::int64_t answer_tokens(const std::vector<const Example*>& examples) {
  std::int64_t count = 0;
  for (const Example* example : examples) {
    count += std::count(example->is_answer.begin(), example->is_answer.end(), true);
  }
  return count;
}

std::vector<WeightedBatch> weigh(const std::vector<const Example*>& examples, double prompt_weight,
                                 std::int64_t max_tokens) {
  std::int64_t all = 0;
  for (const Example* example : examples) {
    all += example->size() - 1;
  }
  const auto for_all = static_cast<float>(prompt_weight / static_cast<double>(all));
  const auto for_answer =
      static_cast<float>(1.0 / static_cast<double>(answer_tokens(examples))) + for_all;
  std::vector<WeightedBatch> parts;
  std::vector<model::TokenSequence> sequences;
  std::int64_t tokens = 0;
  const auto close = [&] {
    parts.back().packed = model::pack_sequences(sequences);
    sequences.clear();
    tokens = 0;
  };
  for (const Example* example : examples) {
    if (sequences.empty()) parts.emplace_back();
    WeightedBatch& part = parts.back();
    const std::int64_t first = prompt_weight > 0 ? 1 : example->prompt_size();
    sequences.push_back({example->tokens, first});
    for (std::int64_t i = first; i < example->size(); ++i) {
      part.in_answer.push_back(example->is_answer[static_cast<std::size_t>(i)]);
      part.weights.push_back(part.in_answer.back() ? for_answer : for_all);
    }
    tokens += example->size();
    if (tokens >= max_tokens) close();
  }
  if (!sequences.empty()) close();
  return parts;
}

}  // namespace cairn::sft
