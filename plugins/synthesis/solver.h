// The solver: answers a question from the prompt that a model would see, and from nothing else.
//
// It knows neither the proposer's templates nor its records, and shares no code with them: it
// compares words of the question with words of the lines, so that a pair on which both agree was
// reached in two ways.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cairn::synthesis {

// The value, or the letter where the prompt offers choices. Nothing where no line fits the
// question or two that fit equally well differ.
[[nodiscard]] std::optional<std::string> solve(std::string_view prompt);

}  // namespace cairn::synthesis
