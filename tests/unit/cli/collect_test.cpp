#include "core/server/collect.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Collect, ReadsWhatToKeep) {
  const auto rule = parse_keep_best("reward_mean:3");
  ASSERT_TRUE(rule.ok());
  EXPECT_EQ(rule->metric, "reward_mean");
  EXPECT_EQ(rule->k, 3U);
  EXPECT_FALSE(rule->smallest);
  EXPECT_TRUE(parse_keep_best("-loss:1")->smallest);
  EXPECT_EQ(parse_keep_best("a:b:2")->metric, "a:b");
  for (const char* wrong : {"loss", "loss:", "loss:0", "loss:x", ":3", "-:3", "loss:1 "})
    EXPECT_FALSE(parse_keep_best(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace cairn
