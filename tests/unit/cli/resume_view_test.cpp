#include "core/server/resume_view.h"

#include <gtest/gtest.h>

#include "core/engine/step.h"
#include "tests/unit/cli/recorded_run.h"

namespace cairn {
namespace {

const NewestStep kNoCheckpoint = [](const std::string&, std::int64_t) { return std::nullopt; };

void set_phase(RunState& state, std::uint32_t task, TaskPhase phase) {
  TaskState& changed = state.tasks[task];
  StageState& stage = state.stages[changed.stage];
  --stage.in_phase[static_cast<std::size_t>(changed.phase)];
  ++stage.in_phase[static_cast<std::size_t>(phase)];
  changed.phase = phase;
}

json::object view(const RunState& state, const WorkflowSpec* next,
                  const std::optional<std::string>& from, const NewestStep& newest) {
  const auto plan = plan_resume(state, {}, next, from);
  EXPECT_TRUE(plan.ok()) << plan.error().to_string();
  const auto document = resume_view(state, *plan, newest);
  EXPECT_TRUE(document.ok()) << document.error().to_string();
  return *document;
}

TEST(ResumeView, ReusesContinuesAndRunsWithReasons) {
  RunState state = recorded_run("a");
  state.status = RunStatus::kFailed;
  const std::uint32_t second = *state.find_task("train[lr=2]");
  set_phase(state, second, TaskPhase::kFailed);
  state.tasks[second].checkpoint_step = 6;
  set_phase(state, *state.find_stage("report"), TaskPhase::kSkipped);
  state.stages[2].cause = cause::kUpstreamFailed;
  const json::object document =
      view(state, nullptr, std::nullopt,
           [](const std::string& folder, std::int64_t) -> std::optional<std::int64_t> {
             if (folder == "runs/a/train@1") return 6;
             return std::nullopt;
           });
  EXPECT_EQ(object_at(document, {"stages", "0"}).at("action"), json::value("reuse"));
  const auto& train = object_at(document, {"stages", "1"});
  EXPECT_EQ(train.at("action"), json::value("continue"));
  EXPECT_EQ(train.at("by_action").as_object().at("reuse"), json::value(1));
  EXPECT_EQ(train.at("by_action").as_object().at("continue"), json::value(1));
  EXPECT_EQ(object_at(document, {"stages", "2"}).at("action"), json::value("run"));
}

TEST(ResumeView, NamesTheParametersThatDiffer) {
  RunState state = recorded_run("a");
  state.status = RunStatus::kFailed;
  WorkflowSpec next = *state.spec;
  next.stages[0].params["steps"] = next.stages[0].key_params["steps"] = 9;
  const json::object document = view(state, &next, std::nullopt, kNoCheckpoint);
  const auto& made = object_at(document, {"stages", "0"});
  EXPECT_EQ(made.at("action"), json::value("run"));
  EXPECT_EQ(made.at("differs"), json::value(json::array{"params.steps"}));
  EXPECT_EQ(object_at(document, {"stages", "2"}).at("action"), json::value("run"));
  EXPECT_EQ(document.at("revision"), json::value(2));
}

TEST(ResumeView, FromAStageOnAllIsRunAnew) {
  RunState state = recorded_run("a");
  for (TaskState& task : state.tasks) task.checkpoint_step = 3;
  const json::object document =
      view(state, nullptr, "train", [](const std::string&, std::int64_t) { return 3; });
  EXPECT_EQ(object_at(document, {"stages", "0"}).at("action"), json::value("reuse"));
  EXPECT_EQ(object_at(document, {"stages", "1"}).at("action"), json::value("run"));
  EXPECT_EQ(object_at(document, {"stages", "2"}).at("action"), json::value("run"));
}

}  // namespace
}  // namespace cairn
