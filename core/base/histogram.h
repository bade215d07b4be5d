// Histogram: how often something took how long.
//
// Not synchronised: whoever shares one guards it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace cairn {

class Histogram {
 public:
  // Upper ends of the classes, in nanoseconds, each belonging to its class; the last class has
  // none.
  static constexpr std::array<std::int64_t, 13> kEnds = {
      100'000,    250'000,    500'000,     1'000'000,   2'500'000,     5'000'000,    10'000'000,
      25'000'000, 50'000'000, 100'000'000, 250'000'000, 1'000'000'000, 5'000'000'000};

  // What ran backwards counts as nothing.
  void add(std::int64_t nanoseconds) {
    nanoseconds = std::max<std::int64_t>(nanoseconds, 0);
    const auto end = std::lower_bound(kEnds.begin(), kEnds.end(), nanoseconds);
    ++counts_.at(static_cast<std::size_t>(end - kEnds.begin()));
    sum_ += nanoseconds;
  }
  // By class, not cumulated.
  [[nodiscard]] const std::array<std::uint64_t, kEnds.size() + 1>& counts() const {
    return counts_;
  }
  [[nodiscard]] std::int64_t nanoseconds() const { return sum_; }  // of all together

 private:
  std::array<std::uint64_t, kEnds.size() + 1> counts_{};
  std::int64_t sum_ = 0;
};

}  // namespace cairn
