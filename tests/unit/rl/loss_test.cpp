#include "plugins/lib/rl/loss.h"

#include <gtest/gtest.h>

namespace cairn::rl {
namespace {

LossBatch two_prompts() {
  return {.advantages = {1.0, -1.0, 0.5, -0.5},
          .group = {0, 0, 1, 1},
          .mask = {{1, 1}, {1, 0}, {1, 1, 1, 1}, {1, 1, 1, 1}},
          .keep = {1, 1, 1, 1}};
}

TEST(LossWeights, BatchNormDividesByAllTokens) {
  const auto weights = loss_weights(two_prompts(), {});
  EXPECT_DOUBLE_EQ(weights[0][0], -1.0 / 12);
  EXPECT_DOUBLE_EQ(weights[1][0], 1.0 / 12);
  EXPECT_EQ(weights[1][1], 0.0);
  EXPECT_DOUBLE_EQ(weights[2][3], -0.5 / 12);
}

TEST(LossWeights, GroupNormIsTheMeanOverPrompts) {
  const auto weights = loss_weights(two_prompts(), {.norm = LossNorm::kGroup});
  EXPECT_DOUBLE_EQ(weights[0][0], -1.0 / 4 / 2);
  EXPECT_DOUBLE_EQ(weights[2][0], -0.5 / 8 / 2);
}

TEST(LossWeights, MaskedTokensMayLeaveTheCount) {
  const auto weights = loss_weights(two_prompts(), {.count_masked = false});
  EXPECT_DOUBLE_EQ(weights[0][0], -1.0 / 11);
}

TEST(LossWeights, DroppedResponsesLeaveTheCountUnlessKeptInIt) {
  auto batch = two_prompts();
  batch.keep = {1, 0, 1, 0};
  EXPECT_DOUBLE_EQ(loss_weights(batch, {})[0][0], -1.0 / 6);
  EXPECT_EQ(loss_weights(batch, {})[3][0], 0.0);
  EXPECT_DOUBLE_EQ(loss_weights(batch, {.count_dropped = true})[0][0], -1.0 / 12);
}

TEST(LossWeights, NoSignalIsSeen) {
  auto batch = two_prompts();
  EXPECT_TRUE(has_signal(loss_weights(batch, {})));
  batch.advantages = {0, 0, 0, 0};
  EXPECT_FALSE(has_signal(loss_weights(batch, {})));
  batch = two_prompts();
  batch.keep = {0, 0, 0, 0};
  EXPECT_FALSE(has_signal(loss_weights(batch, {})));
}

}  // namespace
}  // namespace cairn::rl
