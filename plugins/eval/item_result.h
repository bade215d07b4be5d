// What one evaluation item came to: a line of the `scores` artifact.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"
#include "plugins/lib/text/records.h"

namespace cairn::eval {

// A response before it is graded.
struct Response {
  std::string text;
  std::int64_t tokens = 0;
  bool cut = false;  // at the output limit; graded as it stands
};

struct ItemResult {
  std::string id;
  std::string task;
  double score = 0;        // mean over the responses, in [0, 1]
  double well_formed = 0;  // fraction of the responses that hold a final answer
  double cut = 0;          // fraction of the responses that were cut at the output limit
  double tokens = 0;       // mean over the responses
  bool too_long = false;   // the prompt was over the limit: counted as wrong, nothing generated
  bool abstained = false;  // the item has no accepted answer to grade against: scores 0
  // Negative log-likelihood of the reference answer, in nats, summed over its tokens; no tokens
  // where it was not measured.
  double reference_nll = 0;
  std::int64_t reference_tokens = 0;
  std::vector<std::string> responses;
};

// Grades the responses by the task's rule (RECIPE §3 and §6).
[[nodiscard]] ItemResult grade_item(const text::QaRecord& record,
                                    const std::vector<Response>& responses, bool thinks);
[[nodiscard]] ItemResult too_long_item(const text::QaRecord& record);

[[nodiscard]] json::object to_json(const ItemResult& item);
[[nodiscard]] Result<ItemResult> item_from_json(const json::object& object);

}  // namespace cairn::eval
