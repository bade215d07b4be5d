// Turns of a memory agent as examples, so that memory-RL starts from a policy that can take notes.
#pragma once

#include "plugins/sft/examples.h"

namespace cairn::sft {

struct MemoryTurns {
  double share = 0;               // of the records, drawn by the stream
  std::int64_t chunk_tokens = 0;  // documents per turn
};

// Appends the demonstrated turns (plugins/lib/memory) of the drawn records to the training
// examples and returns how many. Left out: turns with a longer prompt than max_input, and those of
// records that the set holds out.
[[nodiscard]] Result<std::int64_t> add_memory_turns(const std::vector<text::QaRecord>& records,
                                                    const model::Tokenizer& tokenizer,
                                                    const MemoryTurns& turns,
                                                    std::int64_t max_input, RandomStream draw,
                                                    ExampleSet& set);

}  // namespace cairn::sft
