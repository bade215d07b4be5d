// A trained model under another tokenizer.
#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/tokenizer.h"

namespace cairn::sft {

struct Transplanted {
  model::CausalLm model;
  std::int64_t matched = 0;  // tokens of the new vocabulary that the old one has, by their bytes
};

// The policy's weights with the vocabulary of `to`. Rows of the embedding and of an untied head
// move with their token's bytes; tokens that the old vocabulary lacks start as the mean of the rows
// of the old tokens that spell them.
[[nodiscard]] Result<Transplanted> transplant(const model::CausalLm& policy,
                                              const model::Tokenizer& from,
                                              const model::Tokenizer& to);

}  // namespace cairn::sft
