// One token out of one row of logits.
#pragma once

#include <cstdint>

#include "core/base/result.h"

namespace cairn::model {

// Which tokens may be drawn, and how likely. The steps apply in this order:
// 1. temperature: p = softmax(logits / temperature). 0 is greedy: the likeliest token (of equal
//    ones the lowest id), whatever the other rules say.
// 2. top_k: the k likeliest tokens stay; 0 keeps all. Of equally likely ones the lower ids are
//    first, here and below.
// 3. top_p: of what is left, made to sum to 1, the fewest likeliest tokens whose sum reaches top_p;
//    1 keeps all.
// 4. min_p: of what is left, the tokens at least min_p times as likely as the likeliest; 0 keeps
//    all.
// The likeliest token always stays. One uniform number u in [0, 1) then picks the first token at
// which the sum of the kept probabilities passes u times their total: in the order of ids when
// steps 2-4 keep all, otherwise from the likeliest down.
struct SamplingRule {
  double temperature = 1.0;  // >= 0
  std::int64_t top_k = 0;    // >= 0
  double top_p = 1.0;        // in (0, 1]
  double min_p = 0.0;        // in [0, 1]
};

struct Draw {
  std::int64_t id = 0;
  // Of softmax(logits / temperature), before steps 2-4; greedy: of temperature 1.
  float logprob = 0;
  float entropy = 0;  // nats
};

// A value outside its range is an error naming it.
[[nodiscard]] Result<void> check_rule(const SamplingRule& rule);

// A pure function of its arguments; `vocab` logits, none of them NaN and at least one finite.
[[nodiscard]] Draw draw_token(const float* logits, std::int64_t vocab, const SamplingRule& rule,
                              double uniform);

}  // namespace cairn::model
