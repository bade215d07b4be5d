// How likely a policy finds the reference answers: the loss that supervised training lowers.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/packed.h"

namespace cairn::eval {

// Per group, the negative log-likelihood in nats of its responses given its prompt, summed over
// their tokens, at temperature 1. max_tokens: computed at once. A value that is not finite is an
// error.
[[nodiscard]] Result<std::vector<double>> reference_nll(
    const model::CausalLm& policy, const std::vector<model::TokenGroup>& groups,
    std::int64_t max_tokens);

}  // namespace cairn::eval
