#include <gtest/gtest.h>

#include "core/cli/open_runs.h"

namespace cairn {
namespace {

TEST(Target, ReadsTargetsWithLabels) {
  const auto target = parse_target("r/eval[path=/a/b,lr=1]/scores");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->run, "r");
  EXPECT_EQ(target->stage, "eval[path=/a/b,lr=1]");
  EXPECT_EQ(target->output, "scores");
  EXPECT_FALSE(parse_target("r/a/b/c").ok());
  EXPECT_FALSE(parse_target("/a").ok());
}

}  // namespace
}  // namespace cairn
