#include "core/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace cairn {
namespace {

TEST(RandomStream, SameKeySameDraws) {
  RandomStream a(7, "sample", {1, 2});
  RandomStream b(7, "sample", {1, 2});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next(), b.next());
}

TEST(RandomStream, EveryPartOfTheKeyMatters) {
  auto first = [](std::uint64_t seed, const char* purpose,
                  std::initializer_list<std::uint64_t> key) {
    return RandomStream(seed, purpose, key).next();
  };
  std::vector<std::uint64_t> draws = {first(7, "sample", {1, 2}),  first(8, "sample", {1, 2}),
                                      first(7, "samples", {1, 2}), first(7, "sample", {2, 1}),
                                      first(7, "sample", {1}),     first(7, "sample", {1, 2, 0})};
  std::ranges::sort(draws);
  EXPECT_EQ(std::ranges::adjacent_find(draws), draws.end());
}

TEST(RandomStream, BelowIsUniform) {
  RandomStream stream(3, "below");
  std::vector<int> counts(10);
  for (int i = 0; i < 100000; ++i) ++counts[stream.below(10)];
  for (int count : counts) EXPECT_NEAR(count, 10000, 500);
}

TEST(RandomStream, NormalHasItsMoments) {
  RandomStream stream(3, "normal");
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    double x = stream.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.02);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.03);
}

TEST(RandomStream, RestoreContinues) {
  RandomStream stream(3, "walk");
  for (int i = 0; i < 5; ++i) (void)stream.next();
  auto state = stream.state();
  auto expected = stream.next();
  stream.restore(state);
  EXPECT_EQ(stream.next(), expected);
}

}  // namespace
}  // namespace cairn
