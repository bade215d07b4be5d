// Responses that were made elsewhere, graded like our own.
#pragma once

#include <vector>

#include "plugins/eval/item_result.h"

namespace cairn::eval {

// `file` is JSON Lines {"id", "response"}: one line per sample, an item's lines in any place. Every
// record needs a response and all of them equally many; an id that no record has is an error.
// Results in the records' order; their numbers of tokens are unknown and stay 0.
[[nodiscard]] Result<std::vector<ItemResult>> grade_predictions(
    const fs::path& file, const std::vector<text::QaRecord>& records, bool thinks);

}  // namespace cairn::eval
