// Answers to whole prompts, one turn each.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "plugins/eval/item_result.h"
#include "plugins/lib/model/generate.h"
#include "plugins/lib/model/tokenizer.h"

namespace cairn::eval {

// [group][sample], in the order given. sampling.stop_ids are set to the tokenizer's.
[[nodiscard]] Result<std::vector<std::vector<Response>>> answer_directly(
    const model::CausalLm& policy, const model::Tokenizer& tokenizer,
    const std::vector<model::SampleGroup>& groups, model::SamplingOptions sampling,
    const model::EngineOptions& engine);

// The first and the last floor(limit / 2) tokens of a prompt longer than limit (RECIPE §6).
[[nodiscard]] std::vector<std::int64_t> without_middle(const std::vector<std::int64_t>& prompt,
                                                       std::int64_t limit);

}  // namespace cairn::eval
