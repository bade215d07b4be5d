// QA records made ready for a policy: prompts as tokens, those over the limit left out.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/sdk/context.h"
#include "plugins/lib/model/tokenizer.h"
#include "plugins/lib/text/records.h"

namespace cairn::trainer {

struct Item {
  text::QaRecord record;
  std::size_t position = 0;          // of the record in the file, from 0
  std::vector<std::int64_t> prompt;  // ChatML user turn and the assistant's header
};

struct Dataset {
  std::vector<Item> items;    // sorted by record id
  std::int64_t too_long = 0;  // left out: prompt longer than max_input_tokens

  [[nodiscard]] std::vector<std::string> tasks() const;
};

// Reads and encodes a `qa` file. Duplicate ids are an error naming one.
[[nodiscard]] Result<Dataset> load_dataset(const fs::path& qa, const model::Tokenizer& tokenizer,
                                           std::int64_t max_input_tokens);

}  // namespace cairn::trainer
