// A policy that a training stage can learn with at once.
#pragma once

#include "plugins/lib/self_test/inputs.h"

namespace cairn::self_test {

// A model folder of small_config(), trained for some steps towards "The answer is" and any of four
// colours, whatever is asked: sampled answers can be graded, and differ.
[[nodiscard]] Result<void> write_policy(const fs::path& folder,
                                        const std::vector<QaRecord>& questions);

// As the input of that name, for questions().
[[nodiscard]] Result<void> give_policy(SelfTest& test, const std::string& input);

// Parameters and inputs of an RL stage: `policy`, `dataset`; three steps, each with a checkpoint.
[[nodiscard]] Result<void> prepare_rl(SelfTest& test);

}  // namespace cairn::self_test
