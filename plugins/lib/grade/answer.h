// Answers in text: where they stand in a response, and when two of them are the same
// (RECIPE §3 "Reward" and §6).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::grade {

// What follows the last </think>; nothing where a thinking model never closed its thought. For a
// model that does not think, the whole response.
[[nodiscard]] std::optional<std::string_view> after_thought(std::string_view response, bool thinks);

// What follows the last "the answer is" (any case), to the end of the response; nothing where the
// marker or the end of the thought is missing.
[[nodiscard]] std::optional<std::string_view> final_answer(std::string_view response, bool thinks);

// Lower case (Unicode), ASCII punctuation removed, the words a, an, the dropped, white space runs
// made one space and trimmed, in this order. Invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string normalise(std::string_view text);

// True when an accepted string, normalised, is contained in the normalised answer; neither may be
// empty. Containment is of characters: use the numeric grader for numbers.
[[nodiscard]] bool covers(std::string_view answer, const std::vector<std::string>& accepted);

// covers() on the final answer of a response.
[[nodiscard]] bool cover_match(std::string_view response, const std::vector<std::string>& accepted,
                               bool thinks);

// LongBench-v2's rule: asterisks removed, the first "The correct answer is (X)", else the first
// "The correct answer is X", X in A-D; case-sensitive. Its quirk is kept: "Always" reads as A.
[[nodiscard]] std::optional<char> longbench_letter(std::string_view response);

// The letter of a final answer such as "(B)", "B." or "b) the second": its first letter or digit
// run must be one letter A-Z.
[[nodiscard]] std::optional<char> choice_letter(std::string_view answer);

}  // namespace cairn::grade
