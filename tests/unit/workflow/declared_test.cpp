// What a stage declares is what the checker knows: nested parameters, checks between them, kinds,
// metrics, each mistake at its own place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/sdk/stage_type.h"
#include "core/workflow/check.h"
#include "core/workflow/schema.h"
#include "tests/unit/workflow/sample_registry.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::messages;
using testing::TempFolder;

struct Source {
  fs::path path;
  double weight = 1;
  Duration patience{1000};
  static auto fields() {
    return std::tuple(field("path", &Source::path, "Where it is", Required{}),
                      field("weight", &Source::weight, "Its share", Range{0, 1}),
                      field("patience", &Source::patience, "How long to wait for it"));
  }
};

struct Pairs : JsonLines<json::object> {
  static constexpr const char* kName = "acme.pairs";
  static constexpr const char* kDoc = "Answers to compare";
};

struct Mix : Stage {
  Param<std::vector<Source>> sources{this, "sources", {}, "What is mixed"};
  Param<std::int64_t> shortest{this, "shortest", 1, "Shortest"};
  Param<std::int64_t> longest{this, "longest", 10, "Longest"};
  Param<Secret> key{this, "key", Secret(), "A key"};
  Check order{this, shortest <= longest, "the range must not be empty"};
  Output<Pairs> pairs{this, "pairs", "Pairs"};
  Metric loss{this, "loss", "nats", "Loss"};
  Metric speed{this, "speed", "1/s", "Speed", Runtime{}};
  Result<void> run(StageContext&) override { return {}; }
};

struct Learn : Stage {
  Input<Pairs> pairs{this, "pairs", "Pairs to learn from"};
  Input<kind::Model> base{this, "base", "Model to start from", Optional{}};
  Result<void> run(StageContext&) override { return {}; }
};

struct Import : Stage {
  Param<std::string> kind{this, "kind", "file", "Its kind"};
  Output<cairn::kind::File> artifact{this, "artifact", "What it is", KindFromParam{"kind"}};
  Result<void> run(StageContext&) override { return {}; }
};

struct Program : Stage {
  Param<std::map<std::string, std::string>> outputs{this, "outputs", {}, "Kinds by output"};
  Program() { declare_outputs_from_param("outputs", FurtherOutputs::kKinds); }
  Result<void> run(StageContext&) override { return {}; }
};

const Registry& registry() {
  static const Registry kRegistry = [] {
    LibraryManifest library;
    library.library = "/plugins/declared.so";
    library.digest = digest_of("declared");
    library.stages = {stage_type<Mix>("mix", "Mixes").declaration(),
                      stage_type<Learn>("learn", "Learns").declaration(),
                      stage_type<Import>("import", "Imports").declaration(),
                      stage_type<Program>("program", "Runs a program").declaration()};
    return Registry::of({library});
  }();
  return kRegistry;
}

CheckedWorkflow check(const std::string& stages, const fs::path& folder = "/w") {
  WorkflowRequest request;
  request.file = folder / "w.yaml";
  request.text = "cairn: 1\nparams: {wait: {type: duration, default: 3s}}\nstages:\n" + stages;
  request.working_folder = folder;
  auto checked = check_workflow(request, registry());
  EXPECT_TRUE(checked.ok());
  return checked.ok() ? std::move(*checked) : CheckedWorkflow{};
}

TEST(Declared, NestedValuesAreCanonicalAndTheirPathsResolved) {
  const auto checked = check(
      "  a:\n"
      "    uses: mix\n"
      "    with:\n"
      "      sources: [{path: data/x, patience: \"${params.wait}\"}, {path: /y, weight: 0.5}]\n"
      "      key: file:token\n");
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  EXPECT_EQ(checked.spec->stages[0].params.at("sources"),
            parse_json(R"([{"path": "/w/data/x", "weight": 1.0, "patience": 3000},
                           {"path": "/y", "weight": 0.5, "patience": 1000}])")
                .value());
  EXPECT_EQ(checked.spec->stages[0].params.at("key"), (json::value{{"$secret", "file:/w/token"}}));
}

TEST(Declared, EachMistakeOfANestedValueHasItsPlace) {
  const auto checked = check(
      "  a:\n"
      "    uses: mix\n"
      "    with:\n"
      "      sources:\n"
      "        - {path: x, wieght: 0.5}\n"
      "        - path: y\n"
      "          weight: 2\n"
      "          patience: 3\n"
      "        - weight: 1\n"
      "      key: hunter2\n");
  EXPECT_THAT(
      messages(checked),
      ElementsAre(
          "8:21 invalid_value parameter 'sources[0]' has no 'wieght'",
          "10:19 invalid_value parameter 'sources[1].weight' must be between 0 and 1, not 2",
          "11:21 invalid_value parameter 'sources[1].patience' must be a duration such as "
          "10s, not 3",
          "12:11 invalid_value parameter 'sources[2]' needs 'path'",
          "13:12 invalid_value parameter 'key' must say where a secret is, not be one"));
}

TEST(Declared, ACheckIsBrokenWhereItsFirstParameterStands) {
  EXPECT_THAT(
      messages(check("  a:\n    uses: mix\n    with:\n      longest: 3\n      shortest: 4\n")),
      ElementsAre("8:7 broken_check 'shortest' is 4 and 'longest' is 3: the range must not "
                  "be empty"));
  EXPECT_THAT(
      messages(check("  a: {uses: mix, with: {longest: 0}}\n")),
      ElementsAre("4:25 broken_check 'shortest' is 1 and 'longest' is 0: the range must not "
                  "be empty"));
}

TEST(Declared, ACheckHoldsForEveryTask) {
  EXPECT_THAT(
      messages(check("  a:\n    uses: mix\n    matrix: {n: [1, 5, 20]}\n"
                     "    with: {shortest: \"${matrix.n}\"}\n")),
      ElementsAre("7:12 broken_check 'shortest' is 20 and 'longest' is 10: the range must not be "
                  "empty (task n=20)"));
}

TEST(Declared, AKindOfAPluginFitsItsPortsAlone) {
  EXPECT_TRUE(check("  a: {uses: mix}\n  b: {uses: learn, inputs: {pairs: a.pairs}}\n").spec);
  EXPECT_THAT(messages(check("  a: {uses: mix}\n"
                             "  b: {uses: learn, inputs: {pairs: a.pairs, base: a.pairs}}\n")),
              ElementsAre("5:51 wrong_kind the input 'base' takes model, but 'a.pairs' is "
                          "acme.pairs"));
}

TEST(Declared, AKindThatIsAParameterIsOneThatExists) {
  EXPECT_TRUE(check("  a: {uses: import, with: {kind: acme.pairs}}\n"
                    "  b: {uses: learn, inputs: {pairs: a.artifact}}\n")
                  .spec);
  EXPECT_THAT(messages(check("  a: {uses: import, with: {kind: acme.pears}}\n")),
              ElementsAre("4:34 unknown_kind there is no artifact kind 'acme.pears'"));
}

TEST(Declared, OutputsOfAProgramHaveTheirKinds) {
  EXPECT_TRUE(check("  a: {uses: program, with: {outputs: {made: acme.pairs}}}\n"
                    "  b: {uses: learn, inputs: {pairs: a.made}}\n")
                  .spec);
  EXPECT_THAT(
      messages(check("  a: {uses: program, with: {outputs: {made: qa}}}\n"
                     "  b: {uses: learn, inputs: {pairs: a.made}}\n")),
      ElementsAre("5:36 wrong_kind the input 'pairs' takes acme.pairs, but 'a.made' is qa"));
  EXPECT_THAT(messages(check("  a: {uses: program, with: {outputs: {made: qaa}}}\n")),
              ElementsAre("4:45 unknown_kind there is no artifact kind 'qaa'"));
}

TEST(Declared, AWatchdogKnowsTheMetrics) {
  const auto unknown = check("  a: {uses: mix, watchdogs: [{metric: los, when: not_finite}]}\n");
  EXPECT_TRUE(unknown.spec) << "an undeclared metric is a warning";
  EXPECT_THAT(messages(unknown), ElementsAre("4:39 unknown_metric 'mix' declares no metric 'los'"));
  EXPECT_THAT(unknown.diagnostics.to_text(), HasSubstr("did you mean 'loss'?"));
  const auto runtime = check("  a: {uses: mix, watchdogs: [{metric: speed, when: not_finite}]}\n");
  EXPECT_FALSE(runtime.spec);
}

TEST(Declared, TheSchemaHasItAll) {
  const json::object schema = stage_type_schema(*registry().find("mix")->stage);
  const auto& item =
      schema.at("properties").at("sources").at("anyOf").at(0).at("items").at("anyOf").at(0);
  EXPECT_EQ(item.at("required"), json::value(json::array{"path"}));
  EXPECT_EQ(item.at("additionalProperties"), json::value(false));
  EXPECT_EQ(item.at("properties").at("weight").at("anyOf").at(0).at("maximum"), json::value(1));
  const std::string markdown = stage_type_markdown(*registry().find("mix")->stage);
  for (const char* part : {"| `sources[].patience` | duration | `1s` | How long to wait for it |",
                           "- `shortest <= longest`: the range must not be empty",
                           "| `acme.pairs` | file |", "| `speed` | 1/s | Speed (of the machine) |"})
    EXPECT_THAT(markdown, HasSubstr(part));
}

}  // namespace
}  // namespace cairn
