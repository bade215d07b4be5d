#include "plugins/lib/grade/reward.h"

#include <algorithm>
#include <cctype>

#include "core/base/text.h"
#include "plugins/lib/grade/answer.h"
#include "plugins/lib/grade/numeric.h"
#include "plugins/lib/grade/ratio.h"

namespace cairn::grade {
namespace {

// Nothing but a number, its signs and separators: containment must not grade it.
bool is_plain_number(std::string_view text) {
  return parse_number(text).has_value() &&
         std::ranges::none_of(text, [](unsigned char c) { return std::isalpha(c) != 0; });
}

bool same_text_or_number(std::string_view answer, const std::string& accepted) {
  return is_plain_number(accepted) ? numbers_equal(answer, accepted, 0)
                                   : covers(answer, {accepted});
}

// "  Paris." -> "Paris": the sentence's end is no part of a needle.
std::string_view needle(std::string_view answer) {
  answer = trim(answer);
  if (answer.ends_with('.')) answer.remove_suffix(1);
  return answer;
}

}  // namespace

double rule_reward(std::string_view response, const Gold& gold, bool thinks) {
  const auto answer = final_answer(response, thinks);
  if (!answer || trim(*answer).empty()) return 0;
  double best = 0;
  for (const auto& accepted : gold.accepted) {
    double score = 0;
    if (gold.task == "multiple_choice") {
      const auto letter = choice_letter(*answer);
      score = letter && letter == choice_letter(accepted) ? 1 : 0;
    } else if (gold.task == "numerical") {
      score = numbers_equal(*answer, accepted, 0) ? 1 : 0;
    } else if (gold.task == "dialogue") {
      score = sequence_ratio(needle(*answer), needle(accepted)).ratio;
    } else {
      score = same_text_or_number(*answer, accepted) ? 1 : 0;
    }
    best = std::max(best, score);
  }
  return best;
}

bool well_formed(std::string_view response, bool thinks) {
  const auto answer = final_answer(response, thinks);
  return answer && !trim(*answer).empty();
}

}  // namespace cairn::grade
