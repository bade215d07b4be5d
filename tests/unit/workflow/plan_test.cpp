#include "core/workflow/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/workflow/sample_registry.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;

WorkflowSpec chain() {
  auto checked = testing::check_text(R"(cairn: 1
stages:
  documents: {uses: corpus}
  kept: {uses: filter, inputs: {documents: documents.documents}}
  off: {uses: filter, inputs: {documents: documents.documents}, when: false}
  behind: {uses: filter, inputs: {documents: off.kept}}
  train: {uses: train, inputs: {dataset: kept.kept}, with: {steps: 1}}
)");
  EXPECT_TRUE(checked.spec) << checked.diagnostics.to_text();
  return *checked.spec;
}

std::vector<std::string> actions(const std::vector<PlannedStage>& plan) {
  std::vector<std::string> list;
  for (const auto& stage : plan)
    list.push_back(stage.name + " " + to_string(stage.action) + ": " + stage.because.at(0));
  return list;
}

TEST(Plan, WithoutAStateEverythingRuns) {
  EXPECT_THAT(actions(plan_workflow(chain(), {})),
              ElementsAre("documents run: no earlier result has its key",
                          "kept run: its inputs come from documents, which runs",
                          "off skip: its condition is false",
                          "behind skip: its input comes from 'off', which is skipped",
                          "train run: its inputs come from kept, which runs"));
}

TEST(Plan, CacheIsAskedWithTheDigestsOfInputs) {
  PlanSources sources;
  sources.cached = [](const StageSpec& stage,
                      const InputDigests& inputs) -> std::optional<CachedResult> {
    if (stage.name == "documents") return CachedResult{{{"documents", "d1"}}, {90.5, 0}};
    if (stage.name == "kept" && inputs.at("documents") == std::vector<Digest>{"d1"})
      return CachedResult{{{"kept", "d2"}}, {}};
    return std::nullopt;
  };
  sources.checkpoint = [](const StageSpec& stage) -> std::optional<std::int64_t> {
    if (stage.name == "train") return 12;
    return std::nullopt;
  };
  const auto plan = plan_workflow(chain(), sources);
  EXPECT_EQ(plan[0].action, PlanAction::kReuse);
  EXPECT_EQ(plan[1].action, PlanAction::kReuse);
  EXPECT_EQ(plan[4].action, PlanAction::kContinue);
  EXPECT_EQ(json::serialize(to_json(plan).at("stages").at(0).at("saved")),
            R"({"seconds":9.05E1,"gpu_seconds":0E0})");
  EXPECT_FALSE(to_json(plan).at("stages").at(1).as_object().contains("saved"));
  EXPECT_EQ(json::serialize(to_json(plan).at("stages").at(4)),
            R"({"name":"train","uses":"train","tasks":1,"action":"continue","step":12,)"
            R"("because":["a checkpoint of step 12 is kept"]})");
}

constexpr const char* kMany = R"(cairn: 1
stages:
  documents: {uses: corpus}
  train:
    uses: train
    inputs: {dataset: documents.documents}
    matrix: {steps: [1, 2, 3]}
    with: {steps: "${matrix.steps}"}
    on_failure: clean
  report: {uses: report, inputs: {models: train.model}, approval: true}
  each: {uses: corpus, foreach: documents.documents, with: {min_chars: "${item}"}}
  clean: {uses: corpus}
)";

TEST(Plan, TasksAreCountedNotListed) {
  auto checked = testing::check_text(kMany);
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  const auto plan = plan_workflow(*checked.spec, {});
  EXPECT_THAT(actions(plan), ElementsAre("documents run: no earlier result has its key",
                                         "train run: its inputs come from documents, which runs",
                                         "report run: once a person has approved it",
                                         "each run: its list comes from documents.documents",
                                         "clean skip: it runs only when train has failed"));
  std::vector<int> tasks;
  for (const auto& stage : plan) tasks.push_back(stage.tasks);
  EXPECT_THAT(tasks, ElementsAre(1, 3, 1, 0, 1));
}

TEST(Plan, KnownTasksAreCounted) {
  auto checked = testing::check_text(kMany);
  ASSERT_TRUE(checked.spec);
  CachedTasks known;
  known.known = 2;
  known.saving = {20, 40};
  PlanSources sources;
  sources.cached = [](const StageSpec& stage,
                      const InputDigests& inputs) -> std::optional<CachedResult> {
    if (stage.name == "documents") return CachedResult{{{"documents", "d"}}, {}};
    if (stage.name == "report" && inputs.at("models") == std::vector<Digest>{"m1", "m2", "m3"})
      return CachedResult{{{"report", "r"}}, {}};
    return std::nullopt;
  };
  sources.cached_tasks = [&](const StageSpec&, const InputDigests& inputs) {
    EXPECT_EQ(inputs.at("dataset"), std::vector<Digest>{"d"});
    return known;
  };
  auto plan = plan_workflow(*checked.spec, sources);
  EXPECT_EQ(plan[1].action, PlanAction::kRun);
  EXPECT_THAT(plan[1].because, ElementsAre("2 of 3 results are known"));
  EXPECT_EQ(plan[1].saved.gpu_seconds, 40) << "by the two";
  EXPECT_EQ(plan[2].action, PlanAction::kRun);
  known.known = 3;
  known.outputs = {{"model", {"m1", "m2", "m3"}}};
  plan = plan_workflow(*checked.spec, sources);
  EXPECT_EQ(plan[1].action, PlanAction::kReuse);
  EXPECT_EQ(plan[2].action, PlanAction::kReuse);
}

}  // namespace
}  // namespace cairn
