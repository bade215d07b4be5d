#include "plugins/sft/memory_turns.h"

#include <numeric>
#include <set>

#include "plugins/lib/memory/agent.h"

namespace cairn::sft {

Result<std::int64_t> add_memory_turns(const std::vector<text::QaRecord>& records,
                                      const model::Tokenizer& tokenizer, const MemoryTurns& turns,
                                      std::int64_t max_input, RandomStream draw, ExampleSet& set) {
  const auto end = tokenizer.find(model::kImEnd);
  if (!end) {
    return invalid_argument("the tokenizer has no token <|im_end|> to end an answer with",
                            "use a tokenizer with ChatML's special tokens");
  }
  std::vector<std::size_t> order(records.size());
  std::iota(order.begin(), order.end(), 0);
  draw.shuffle(order);
  order.resize(static_cast<std::size_t>(turns.share * static_cast<double>(records.size())));
  const auto length = [&](std::string_view text) {
    return tokenizer.encode(std::string(text)).size();
  };
  std::set<std::size_t> heldout;
  for (const Example& example : set.heldout) heldout.insert(example.record);
  std::int64_t added = 0;
  for (const std::size_t index : order) {
    if (heldout.contains(index)) continue;
    for (const auto& turn : memory::demonstrate(
             records[index], static_cast<std::size_t>(turns.chunk_tokens), length)) {
      Example example;
      example.record = index;
      example.append(tokenizer.encode_prompt(turn.prompt), false);
      if (example.size() > max_input) continue;
      example.append(tokenizer.encode(turn.response), true);
      example.append({*end}, true);
      set.training.push_back(std::move(example));
      ++added;
    }
  }
  return added;
}

}  // namespace cairn::sft
