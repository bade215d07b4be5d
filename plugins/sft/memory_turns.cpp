#include "plugins/sft/memory_turns.h"

#include "plugins/lib/memory/agent.h"

namespace cairn::sft {

Result<std::int64_t> add_memory_turns(const std::vector<text::QaRecord>& records,
                                      const model::Tokenizer& tokenizer, const MemoryTurns& turns,
                                      std::int64_t max_input, RandomStream draw, ExampleSet& set) {
  const auto length = [&](std::string_view text) {
    return tokenizer.encode(std::string(text)).size();
  };
  std::int64_t added = 0;
  for (const std::size_t index : draw_training_records(records.size(), turns.share, set, draw)) {
    for (const auto& turn : memory::demonstrate(
             records[index], static_cast<std::size_t>(turns.chunk_tokens), length)) {
      Example example;
      example.record = index;
      CAIRN_TRY(example.append_turn(tokenizer, turn.prompt, turn.response));
      if (example.prompt_size() > max_input) continue;
      set.training.push_back(std::move(example));
      ++added;
    }
  }
  return added;
}

}  // namespace cairn::sft
