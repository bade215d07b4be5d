#include "core/server/api/estimate.h"

#include <gtest/gtest.h>

#include "tests/unit/server/run_states.h"

namespace cairn::api {
namespace {

using namespace cairn::testing;

ResourceTotals wide() {
  ResourceTotals totals;
  totals.cpus = 64;
  return totals;
}

Estimate estimate(const RunState& state, const LiveTasks& live = {},
                  const EarlierRun* earlier = nullptr, const ResourceTotals& totals = wide()) {
  return estimate_rest(state, live, totals, earlier, kNow);
}

using Words = std::vector<std::string>;

TEST(Estimate, ARunningTaskThatReportsProgressGoesOnAsItWent) {
  RunState state = fresh_run({stage("train")});
  start(state, "train", 60);
  const Estimate found = estimate(state, reports(state, "train", 20, 100));
  ASSERT_TRUE(found.rest.has_value());
  EXPECT_DOUBLE_EQ(*found.rest, 240);
  EXPECT_EQ(found.basis, Words{"the progress of 1 running task"});
}

TEST(Estimate, SaysNothingWhereNothingIsKnown) {
  RunState state = fresh_run({stage("a"), stage("b", {"a"})});
  start(state, "a", 60);
  Estimate found = estimate(state);
  EXPECT_FALSE(found.rest.has_value());
  EXPECT_EQ(found.why_not, "a reports no progress, and no task of it has ended yet");
  // a's end is known; how long b takes is not.
  found = estimate(state, reports(state, "a", 1, 2));
  EXPECT_FALSE(found.rest.has_value());
  EXPECT_EQ(found.why_not, "no task of b has ended yet, here or in the run before");
}

TEST(Estimate, TasksOfAStageTakeAsLongAsThoseThatEndedAndAsManyAtOnceAsNow) {
  RunState state = fresh_run({with_cells(stage("sweep"), 7)});
  end(state, "sweep[x=0]", 100, 90);
  end(state, "sweep[x=1]", 100, 80);
  end(state, "sweep[x=2]", 100, 10);
  start(state, "sweep[x=3]", 5);
  start(state, "sweep[x=4]", 15);
  // The median is 20 s: 15 and 5 of the two that run, 20 of each of the two that wait, two at once.
  const Estimate found = estimate(state);
  ASSERT_TRUE(found.rest.has_value());
  EXPECT_DOUBLE_EQ(*found.rest, 30);
  EXPECT_EQ(found.basis, Words{"the times of 3 ended tasks"});
}

TEST(Estimate, AReusedTaskTellsNoTime) {
  RunState state = fresh_run({with_cells(stage("sweep"), 2)});
  reuse(state, "sweep[x=0]", "r/sweep[x=0]");
  EXPECT_FALSE(estimate(state).rest.has_value());
}

TEST(Estimate, AnAttemptThatWentOnFromACheckpointIsNotTakenAtItsWord) {
  RunState state = fresh_run({stage("train")});
  add_attempt(state.tasks[0], 500).finished_at = seconds_ago(100);
  start(state, "train", 10);
  EXPECT_FALSE(estimate(state, reports(state, "train", 90, 100)).rest.has_value());
}

TEST(Estimate, StagesThatWaitForEachOtherAddUpAndOthersDoNot) {
  RunState before = fresh_run({stage("a"), stage("b", {"a"}), stage("c", {"a"})});
  end(before, "a", 100, 90);
  end(before, "b", 90, 60);
  end(before, "c", 90, 70);
  const EarlierRun earlier{"r0", paces_of(before)};
  RunState state = fresh_run({stage("a"), stage("b", {"a"}), stage("c", {"a"})});
  start(state, "a", 4);
  const Estimate found = estimate(state, {}, &earlier);
  ASSERT_TRUE(found.rest.has_value());
  EXPECT_DOUBLE_EQ(*found.rest, 6 + 30);
  EXPECT_EQ(found.basis, Words{"the times of run r0"});
  // On a machine with room for one, they wait for each other.
  ResourceTotals narrow;
  narrow.cpus = 1;
  EXPECT_DOUBLE_EQ(estimate(state, {}, &earlier, narrow).rest.value(), 6 + 30 + 20);
}

TEST(Estimate, AnotherStageTypeOfTheSameNameTellsNoTime) {
  RunState before = fresh_run({stage("a")});
  end(before, "a", 100, 90);
  const EarlierRun earlier{"r0", paces_of(before)};
  StageSpec other = stage("a");
  other.uses = "another";
  EXPECT_FALSE(estimate(fresh_run({other}), {}, &earlier).rest.has_value());
}

TEST(Estimate, LeavesOutWhatAPersonTakesAndWhatHandlesFailures) {
  StageSpec asks = stage("publish");
  asks.approval = "Publish?";
  StageSpec handler = stage("tell");
  handler.handles = {"publish"};
  RunState before = fresh_run({stage("publish")});
  end(before, "publish", 100, 90);
  const EarlierRun earlier{"r0", paces_of(before)};
  const Estimate found = estimate(fresh_run({asks, handler}), {}, &earlier);
  EXPECT_DOUBLE_EQ(found.rest.value(), 10);
  EXPECT_EQ(found.basis,
            (Words{"the times of run r0", "without the wait for the answer to publish"}));
}

TEST(Estimate, APausedRunHasNone) {
  RunState state = fresh_run({stage("train")});
  start(state, "train", 60);
  state.paused = true;
  const Estimate found = estimate(state, reports(state, "train", 20, 100));
  EXPECT_FALSE(found.rest.has_value());
  EXPECT_EQ(found.why_not, "the run is paused");
}

}  // namespace
}  // namespace cairn::api
