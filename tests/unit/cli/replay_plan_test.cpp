#include "core/cli/replay_plan.h"

#include <gtest/gtest.h>

#include "tests/unit/cli/recorded_run.h"

namespace cairn {
namespace {

TEST(ReplayPlan, KeepsTheTaskAndItsSourcesOnly) {
  const RunState state = recorded_run("a");
  const auto spec = replay_workflow(state, *state.find_task("train[lr=2]"));
  ASSERT_TRUE(spec.ok()) << spec.error().to_string();
  ASSERT_EQ(spec->stages.size(), 2U);
  EXPECT_EQ(spec->stages[0].name, "made");
  EXPECT_TRUE(spec->stages[0].cache);
  const StageSpec& train = spec->stages[1];
  EXPECT_FALSE(train.cache);
  ASSERT_TRUE(train.cells.has_value());
  EXPECT_EQ(train.cells->labels, (std::vector<std::string>{"lr=2"}));
  EXPECT_EQ(train.cells->params.at("lr"), json::array{2});
}

TEST(ReplayPlan, SourcesOfSeveralTasksKeepAllOfThem) {
  const RunState state = recorded_run("a");
  const auto spec = replay_workflow(state, *state.find_task("report"));
  ASSERT_TRUE(spec.ok());
  ASSERT_EQ(spec->stages.size(), 3U);
  EXPECT_EQ(spec->stages[1].cells->size(), 2U);
  EXPECT_FALSE(spec->stages[2].cells.has_value());
}

TEST(ReplayPlan, RefusesWhatCannotBeMadeAgain) {
  RunState state = recorded_run("a");
  state.tasks[0].troubled().amended["steps"] = 2;
  EXPECT_EQ(replay_workflow(state, 0).error().code, ErrorCode::kConflict);
  state = recorded_run("a");
  state.tasks[0].phase = TaskPhase::kFailed;
  EXPECT_EQ(replay_workflow(state, 0).error().code, ErrorCode::kConflict);
  state = recorded_run("a");
  state.origin.set_run("b");
  state.origin.set_stage("made");
  state.origin.set_fork(true);
  state.origin.set_step(3);
  EXPECT_EQ(replay_workflow(state, 0).error().code, ErrorCode::kConflict);
}

TEST(ReplayPlan, ComparesOutputByOutput) {
  const RunState one = recorded_run("a");
  const RunState other = recorded_run("b");
  EXPECT_TRUE(compare_outputs(one.tasks[0].outputs, one.tasks[0].outputs).at("equal").as_bool());
  const json::object differs = compare_outputs(one.tasks[0].outputs, other.tasks[0].outputs);
  EXPECT_FALSE(differs.at("equal").as_bool());
  EXPECT_EQ(object_at(differs, {"outputs", "0"}).at("replayed").as_string(), digest_of("bmade"));
  EXPECT_FALSE(compare_outputs(one.tasks[0].outputs, {}).at("equal").as_bool());
}

}  // namespace
}  // namespace cairn
