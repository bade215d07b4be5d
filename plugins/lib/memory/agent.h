// The memory agent's side of a conversation: how documents become chunks, what each turn asks, and
// how an answer is read (RECIPE §4; QwenLong-L1.5, arXiv 2512.12967, §4; MemAgent, arXiv
// 2507.02259).
//
//   turn t = 1…K   sees (memory, plan, chunk t, core question), writes a new memory and plan
//   last turn      sees (memory, core question, format instructions), writes the answer
//
// Pure text. Whoever holds a tokenizer cuts memories to their budget.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/text/records.h"

namespace cairn::memory {

struct Notes {
  std::string memory;
  std::string plan;
  bool operator==(const Notes&) const = default;
};

// Before the first chunk.
[[nodiscard]] Notes nothing_yet();

// Whole documents, in their order, as many to a chunk as stay within `budget` by `length`. A longer
// document is a chunk of its own. At least one chunk; a record without documents has an empty one.
using Length = std::function<std::size_t(std::string_view)>;
[[nodiscard]] std::vector<std::vector<text::ContextDocument>> chunks_of(
    const text::QaRecord& record, std::size_t budget, const Length& length);

// The user turn for a chunk. The format instructions are no part of it.
[[nodiscard]] std::string chunk_prompt(const text::QaRecord& record,
                                       const std::vector<text::ContextDocument>& chunk,
                                       const Notes& notes);
// The user turn after the last chunk.
[[nodiscard]] std::string answer_prompt(const text::QaRecord& record, const Notes& notes);

// "Memory: …\nPlan: …". A response without a memory line is a memory as a whole; one without a plan
// leaves the plan empty.
[[nodiscard]] std::string render_notes(const Notes& notes);
[[nodiscard]] Notes parse_notes(std::string_view response);

// One turn as it should go.
struct Demonstration {
  std::string prompt;
  std::string response;
};
// What a reader who knows the evidence would write: it copies the evidence documents of each chunk
// into the memory and plans to answer once it has them all; then the answer, "The answer is X".
[[nodiscard]] std::vector<Demonstration> demonstrate(const text::QaRecord& record,
                                                     std::size_t budget, const Length& length);

}  // namespace cairn::memory
