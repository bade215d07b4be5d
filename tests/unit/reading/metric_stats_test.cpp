#include "core/server/reading/metric_stats.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cairn {
namespace {

TEST(MetricStats, ReadsPointsAndLeavesTornLinesOut) {
  const auto point = parse_metric_point(R"({"name":"loss","step":3,"value":0.5})");
  ASSERT_TRUE(point.has_value());
  EXPECT_EQ(point->name, "loss");
  EXPECT_EQ(point->step, 3);
  EXPECT_FALSE(point->runtime);
  EXPECT_TRUE(parse_metric_point(R"({"name":"t","step":1,"value":2,"runtime":true})")->runtime);
  for (const char* torn : {R"({"name":"loss","st)", "", "[1]", R"({"name":"loss","step":1})",
                           R"({"name":"loss","step":1,"value":"many"})"})
    EXPECT_FALSE(parse_metric_point(torn).has_value()) << torn;
}

TEST(MetricStats, ValuesThatAreNoNumbersComeAndGoAsWords) {
  for (const char* word : {"NaN", "Infinity", "-Infinity"}) {
    const auto point =
        parse_metric_point(std::string(R"({"name":"x","step":0,"value":")") + word + "\"}");
    ASSERT_TRUE(point.has_value()) << word;
    EXPECT_EQ(metric_value(point->value), json::value(word));
    EXPECT_EQ(metric_text(point->value), word);
  }
}

TEST(MetricStats, CountsAllAndAveragesNumbers) {
  MetricStats stats;
  stats.add({"x", 0, 4, false});
  stats.add({"x", 1, -2, false});
  stats.add({"x", 2, std::nan(""), false});
  EXPECT_EQ(stats.count, 3U);
  EXPECT_EQ(stats.min, -2);
  EXPECT_EQ(stats.max, 4);
  EXPECT_EQ(stats.mean(), 1);
  EXPECT_EQ(stats.step, 2);
  EXPECT_TRUE(std::isnan(stats.last));
  EXPECT_TRUE(std::isnan(MetricStats().mean()));
}

}  // namespace
}  // namespace cairn
