// A trained model under another tokenizer.
#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "plugins/lib/model/qwen3.h"
#include "plugins/lib/model/tokenizer.h"

namespace cairn::sft {

struct Transplanted {
  model::Qwen3 model;
  std::int64_t matched = 0;  // tokens of the new vocabulary that the old one has, by their bytes
};

// The policy's weights with the vocabulary of `to`. Rows of the embedding and of an untied head
// move with their token's bytes; tokens that the old vocabulary lacks start as the mean of the rows
// of the old tokens that spell them.
[[nodiscard]] Result<Transplanted> transplant(const model::Qwen3& policy,
                                              const model::Tokenizer& from,
                                              const model::Tokenizer& to);

}  // namespace cairn::sft
