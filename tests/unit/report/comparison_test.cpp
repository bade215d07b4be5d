#include "plugins/report/comparison.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/report/samples.h"

namespace cairn::report {
namespace {

Evaluation with_items(std::string name, std::vector<Item> items) {
  Evaluation evaluation;
  evaluation.name = std::move(name);
  evaluation.items = std::move(items);
  return evaluation;
}

Difference compare(const Evaluation& from, const Evaluation& to, const std::string& task = {},
                   int resamples = 20000) {
  return paired_difference(from, to, task, resamples, RandomStream(5, "test"));
}

// Two differences, 0 and 1: resamples of two have the mean 0, 1/2, 1 with probability 1/4, 1/2,
// 1/4, so the quantiles 2.5 % and 97.5 % are 0 and 1.
TEST(Comparison, TwoItemsByHand) {
  const auto from = with_items("a", {{"x", "t", 0}, {"y", "t", 0}});
  const auto to = with_items("b", {{"x", "t", 0}, {"y", "t", 1}});
  const auto difference = compare(from, to);
  EXPECT_EQ(difference.n, 2);
  EXPECT_DOUBLE_EQ(difference.mean, 0.5);
  EXPECT_DOUBLE_EQ(difference.low, 0);
  EXPECT_DOUBLE_EQ(difference.high, 1);
  EXPECT_FALSE(difference.clear());
}

// 400 differences, 100 of them 1: mean 1/4, deviation sqrt(3)/4, standard error sqrt(3)/80, so the
// normal interval is 0.25 +- 1.96 * 0.02165.
TEST(Comparison, ManyItemsMeetTheNormalInterval) {
  auto from = with_items("a", {});
  auto to = with_items("b", {});
  for (int i = 0; i < 400; ++i) {
    const std::string id = std::to_string(1000 + i);
    from.items.push_back({id, "t", 0});
    to.items.push_back({id, "t", i % 4 == 0 ? 1.0 : 0.0});
  }
  const auto difference = compare(from, to);
  const double half = 1.959964 * std::sqrt(3.0) / 80;
  EXPECT_DOUBLE_EQ(difference.mean, 0.25);
  EXPECT_NEAR(difference.low, 0.25 - half, 0.003);
  EXPECT_NEAR(difference.high, 0.25 + half, 0.003);
  EXPECT_TRUE(difference.clear());
}

// Pairing is what makes a small steady gain visible among items of unequal difficulty.
TEST(Comparison, ASteadyGainHasNoWidth) {
  const auto from = with_items("a", {{"x", "t", 0}, {"y", "t", 0.5}, {"z", "t", 0.9}});
  const auto to = with_items("b", {{"x", "t", 0.1}, {"y", "t", 0.6}, {"z", "t", 1.0}});
  const auto difference = compare(from, to);
  EXPECT_NEAR(difference.low, 0.1, 1e-12);
  EXPECT_NEAR(difference.high, 0.1, 1e-12);
}

TEST(Comparison, PairsByIdAndTask) {
  const auto from = with_items("a", {{"a", "t", 1}, {"b", "t", 0}, {"d", "u", 0}});
  const auto to = with_items("b", {{"b", "t", 1}, {"c", "t", 1}, {"d", "u", 0}});
  EXPECT_EQ(compare(from, to).n, 2);
  EXPECT_DOUBLE_EQ(compare(from, to).mean, 0.5);
  EXPECT_EQ(compare(from, to, "t").n, 1);
  EXPECT_DOUBLE_EQ(compare(from, to, "t").mean, 1);
  EXPECT_EQ(compare(from, to, "absent").n, 0);
  EXPECT_FALSE(compare(from, to, "absent").clear());
}

TEST(Comparison, TheSeedDecides) {
  const auto from = sample_evaluation("a", 2);
  const auto to = sample_evaluation("b", 7);
  const auto low_of = [&](std::uint64_t seed) {
    return paired_difference(from, to, "", 101, RandomStream(seed, "test")).low;
  };
  EXPECT_EQ(low_of(1), low_of(1));
  bool any_other = false;
  for (std::uint64_t seed = 2; seed < 12; ++seed) any_other |= low_of(seed) != low_of(1);
  EXPECT_TRUE(any_other);
}

}  // namespace
}  // namespace cairn::report
