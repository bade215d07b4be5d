// The rule part of the reward, by task (RECIPE §3 and §6).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cairn::grade {

// What a response is graded against.
struct Gold {
  std::string task;  // multiple_choice multihop reading dialogue numerical
  std::vector<std::string> accepted;
};

// In [0, 1]. A response without a final answer scores 0.
//   multiple_choice: the letter; numerical: equal numbers; dialogue: the sequence ratio (dense);
//   multihop, reading: an accepted answer is contained, or, where it is itself a number, equal.
[[nodiscard]] double rule_reward(std::string_view response, const Gold& gold, bool thinks);

// Whether a response holds a final answer that is not empty.
[[nodiscard]] bool well_formed(std::string_view response, bool thinks);

}  // namespace cairn::grade
