#include "plugins/lib/grade/ratio.h"

#include <unicode/unistr.h>

#include <string>
#include <unordered_map>
#include <vector>

namespace cairn::grade {
namespace {

constexpr std::size_t kAutoJunkLength = 200;

std::u32string code_points(std::string_view text) {
  const auto unicode = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  std::u32string out;
  for (int32_t i = 0; i < unicode.length(); i = unicode.moveIndex32(i, 1))
    out.push_back(static_cast<char32_t>(unicode.char32At(i)));
  return out;
}

struct Block {
  std::size_t a = 0;
  std::size_t b = 0;
  std::size_t length = 0;
};

struct Range {
  std::size_t a_low, a_high, b_low, b_high;
};

class Matcher {
 public:
  Matcher(const std::u32string& a, const std::u32string& b)
      : a_(a), b_(b), run_(b.size() + 1), next_(b.size() + 1) {
    for (std::size_t j = 0; j < b.size(); ++j) where_[b[j]].push_back(j);
    if (b.size() < kAutoJunkLength) return;
    const std::size_t popular = b.size() / 100 + 1;
    std::erase_if(where_, [&](const auto& entry) { return entry.second.size() > popular; });
  }

  std::int64_t matched() {
    std::int64_t total = 0;
    std::vector<Range> open = {{0, a_.size(), 0, b_.size()}};
    while (!open.empty()) {
      const Range range = open.back();
      open.pop_back();
      const Block block = longest(range);
      if (block.length == 0) continue;
      total += static_cast<std::int64_t>(block.length);
      open.push_back({range.a_low, block.a, range.b_low, block.b});
      open.push_back({block.a + block.length, range.a_high, block.b + block.length, range.b_high});
    }
    return total;
  }

 private:
  // The longest block of the range; of equal ones the first in a, then the first in b. Elements
  // that start no block still extend it on both sides.
  Block longest(const Range& range) {
    Block best{range.a_low, range.b_low, 0};
    std::vector<std::size_t> touched;
    for (std::size_t i = range.a_low; i < range.a_high; ++i) {
      std::vector<std::size_t> written;
      if (const auto found = where_.find(a_[i]); found != where_.end()) {
        for (const std::size_t j : found->second) {
          if (j < range.b_low) continue;
          if (j >= range.b_high) break;
          const std::size_t length = run_[j] + 1;  // run_[j]: the run that ended at j - 1
          next_[j + 1] = length;
          written.push_back(j + 1);
          if (length > best.length) best = {i + 1 - length, j + 1 - length, length};
        }
      }
      for (const std::size_t j : touched) run_[j] = 0;
      for (const std::size_t j : written) {
        run_[j] = next_[j];
        next_[j] = 0;
      }
      touched = std::move(written);
    }
    for (const std::size_t j : touched) run_[j] = 0;
    while (best.a > range.a_low && best.b > range.b_low && a_[best.a - 1] == b_[best.b - 1]) {
      --best.a;
      --best.b;
      ++best.length;
    }
    while (best.a + best.length < range.a_high && best.b + best.length < range.b_high &&
           a_[best.a + best.length] == b_[best.b + best.length]) {
      ++best.length;
    }
    return best;
  }

  const std::u32string& a_;
  const std::u32string& b_;
  std::unordered_map<char32_t, std::vector<std::size_t>> where_;  // in b, without popular elements
  std::vector<std::size_t> run_;  // by end position in b: length of the common run ending there
  std::vector<std::size_t> next_;
};

}  // namespace

Ratio sequence_ratio(std::string_view response, std::string_view answer) {
  const auto a = code_points(response);
  const auto b = code_points(answer);
  Ratio result;
  result.matched = Matcher(a, b).matched();
  const std::size_t length = a.size() + b.size();
  if (length > 0)
    result.ratio = 2.0 * static_cast<double>(result.matched) / static_cast<double>(length);
  return result;
}

double mrcr_score(std::string_view response, std::string_view answer, std::string_view prefix) {
  if (!response.starts_with(prefix)) return 0;
  response.remove_prefix(prefix.size());
  if (answer.starts_with(prefix)) answer.remove_prefix(prefix.size());
  return sequence_ratio(response, answer).ratio;
}

}  // namespace cairn::grade
