// kill -9 of engine and hosts at moments that a seed draws: every output must be what it would have
// been, and nothing that was done is done twice.
#include <gtest/gtest.h>

#include "tests/e2e/kill_run.h"

namespace cairn::e2e {
namespace {

constexpr const char* kWalks = R"(cairn: 1
name: walks
seed: 7
stages:
  one: {uses: probe.count, with: {steps: 20000, checkpoint_every: 50, payload: 200}}
  two: {uses: probe.count, inputs: {before: one.total}, with: {steps: 20000, checkpoint_every: 50}}
  beside: {uses: probe.count, with: {steps: 16000, checkpoint_every: 25}}
  last:
    uses: shell
    inputs: {a: two.total, b: beside.total, c: one.rollouts}
    with: {run: "cat $CAIRN_INPUT_A $CAIRN_INPUT_B $CAIRN_INPUT_C > all", outputs: {all: all}}
)";

TEST(Kill, OutputsAreThoseOfARunLeftInPeace) {
  const Place peace;
  const auto undisturbed =
      peace.run_json({"run", peace.write("walks.yaml", kWalks).string(), "-q"});
  ASSERT_EQ(status_of(undisturbed), "succeeded");

  const Place place;
  KillPlan plan;
  plan.kills = 12;
  const KillStory story = run_with_kills(place, place.write("walks.yaml", kWalks), plan);
  ASSERT_EQ(status_of(story.run), "succeeded") << story.last.err;
  EXPECT_GE(story.kills, 10);
  EXPECT_EQ(digests(story.run), digests(undisturbed));
  EXPECT_EQ(ran_again(place), std::vector<std::string>{});
  EXPECT_LE(steps_of(place, story.run, "one").repeated(), story.kills * 50);
  EXPECT_LE(steps_of(place, story.run, "two").repeated(), story.kills * 50);
  EXPECT_LE(steps_of(place, story.run, "beside").repeated(), story.kills * 25);
  EXPECT_EQ(steps_of(place, story.run, "one").distinct, 20000);
}

}  // namespace
}  // namespace cairn::e2e
