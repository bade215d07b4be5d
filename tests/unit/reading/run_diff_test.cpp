#include "core/server/reading/run_diff.h"

#include <gtest/gtest.h>

#include "tests/unit/cli/recorded_run.h"

namespace cairn {
namespace {

// Every run with the same outputs.
std::map<std::string, Digest> same() {
  return {{"made", digest_of("made")},
          {"train[lr=1]", digest_of("one")},
          {"train[lr=2]", digest_of("two")},
          {"report", digest_of("report")}};
}

std::vector<std::string> places(const json::object& diff) {
  std::vector<std::string> names;
  for (const auto& value : diff.at("differences").as_array()) {
    const auto& entry = value.as_object();
    names.push_back(std::string(entry.at("part").as_string()) + " " +
                    std::string(entry.at("name").as_string()));
  }
  return names;
}

json::object diff(const RunState& one, const RunState& other) {
  return diff_runs(diff_document(one), diff_document(other));
}

RunState changed(RunState state, const std::function<void(WorkflowSpec&)>& change) {
  WorkflowSpec spec = *state.spec;
  change(spec);
  state.spec = std::make_shared<const WorkflowSpec>(std::move(spec));
  return state;
}

TEST(RunDiff, EqualRunsDifferInNothing) {
  const json::object document = diff(recorded_run("a", same()), recorded_run("b", same()));
  EXPECT_TRUE(document.at("equal").as_bool());
  EXPECT_EQ(places(document), std::vector<std::string>());
}

TEST(RunDiff, NamesParametersCodeAndWhatFollowsFromThem) {
  auto other_outputs = same();
  other_outputs["made"] = digest_of("other");
  const RunState one = recorded_run("a", same());
  const RunState other = changed(recorded_run("b", other_outputs), [](WorkflowSpec& spec) {
    spec.params["steps"] = 8;
    spec.stages[0].key_params["steps"] = 8;
    spec.stages[2].plugin_digest = digest_of("new code");
  });
  const json::object document = diff(one, other);
  EXPECT_FALSE(document.at("equal").as_bool());
  EXPECT_EQ(places(document),
            (std::vector<std::string>{"params steps", "stage params made.steps", "outputs made.out",
                                      "inputs train.in", "code report.plugin_digest"}));
}

TEST(RunDiff, OfSeveralTasksOneOtherOutputIsSeen) {
  auto other_outputs = same();
  other_outputs["train[lr=2]"] = digest_of("other");
  const auto document = diff(recorded_run("a", same()), recorded_run("b", other_outputs));
  EXPECT_EQ(places(document), (std::vector<std::string>{"outputs train.out", "inputs report.in"}));
  const auto& entry = object_at(document, {"differences", "0"});
  EXPECT_EQ(entry.at("one").as_object().at("artifacts"), json::value(2));
}

TEST(RunDiff, MetricsAndEnvironmentMakeNoOtherResult) {
  RunState other = recorded_run("b", same());
  other.tasks[0].metrics["loss"] = 2.5;
  other.environment_json = R"({"host":"other"})";
  const json::object document = diff(recorded_run("a", same()), other);
  EXPECT_TRUE(document.at("equal").as_bool());
  EXPECT_EQ(places(document), (std::vector<std::string>{"environment host", "metrics made.loss"}));
  EXPECT_EQ(object_at(document, {"differences", "1"}).at("delta"), json::value(2.5));
}

TEST(RunDiff, AStageThatOneLacksIsNamedOnBothSides) {
  json::object one = diff_document(recorded_run("a", same()));
  const json::object other = diff_document(recorded_run("b", same()));
  one.at("stages").as_array().pop_back();
  EXPECT_EQ(places(diff_runs(one, other)), (std::vector<std::string>{"stage report"}));
  EXPECT_EQ(places(diff_runs(other, one)), (std::vector<std::string>{"stage report"}));
}

}  // namespace
}  // namespace cairn
