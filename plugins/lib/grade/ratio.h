// Python's difflib.SequenceMatcher(None, response, answer).ratio(), bit for bit.
#pragma once

#include <cstdint>
#include <string_view>

namespace cairn::grade {

struct Ratio {
  std::int64_t matched = 0;  // code points in matching blocks
  double ratio = 1.0;        // 2 * matched / (both lengths); 1.0 for two empty strings
};

// Over code points, with the auto-junk rule: in an answer of at least 200 code points, those that
// occur more than n / 100 + 1 times start no block. The order of the arguments matters.
[[nodiscard]] Ratio sequence_ratio(std::string_view response, std::string_view answer);

// MRCR: 0 unless the response begins with prefix; else prefix is removed from both and the ratio
// taken.
[[nodiscard]] double mrcr_score(std::string_view response, std::string_view answer,
                                std::string_view prefix);

}  // namespace cairn::grade
