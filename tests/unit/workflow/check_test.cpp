#include "core/workflow/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/workflow/sample_registry.h"

namespace cairn {
namespace {

using testing::check_text;
using ::testing::ElementsAre;
using testing::messages;
using testing::TempFolder;

constexpr const char* kPipeline = R"(cairn: 1
name: demo
description: with ${params.steps} steps, run ${run.id}
seed: 18
labels: {size: small, steps: "${params.steps}"}
max_parallel: 2
fail_fast: true
params:
  steps: {type: int, default: 40, min: 1}
  wait: {type: duration, default: 2s}
defaults:
  retry: {backoff: 1s}
  resources: {cpus: 2}
stages:
  report:
    uses: report
    inputs: {models: [train.model, train.model]}
  train:
    uses: train
    inputs: {dataset: kept.kept}
    with: {steps: "${params.steps * 2}", max_input_tokens: 20k}
    resources: {memory: 2Gi}
    retry: {max_attempts: 3}
    timeout: 12h
    isolation: process
    when: ${stages.kept.metrics.share > 0.1}
  kept:
    uses: filter
    inputs: {documents: documents.documents}
    with: {wait: "${params.wait}"}
    when: ${params.steps > 0}
  documents: {uses: corpus, cache: false}
)";

TEST(Check, ResolvesEverythingThatCanBeKnown) {
  const auto checked = check_text(kPipeline);
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  const WorkflowSpec& spec = *checked.spec;
  EXPECT_EQ(spec.name, "demo");
  EXPECT_EQ(spec.description, "with 40 steps, run ${run.id}");
  EXPECT_EQ(spec.seed, 18u);
  EXPECT_EQ(spec.labels.at("steps"), "40");
  EXPECT_EQ(spec.max_parallel, 2);
  EXPECT_TRUE(spec.fail_fast);
  std::vector<std::string> order;
  for (const auto& stage : spec.stages) order.push_back(stage.name);
  EXPECT_THAT(order, ElementsAre("documents", "kept", "train", "report"));
  const StageSpec& train = *spec.find("train");
  EXPECT_EQ(train.params, (json::object{{"steps", 80}, {"max_input_tokens", 20000}}));
  EXPECT_EQ(train.resources.cpus, 2);
  EXPECT_EQ(train.resources.memory_bytes, std::uint64_t{2} << 30);
  EXPECT_EQ(train.retry.max_attempts, 3);
  EXPECT_EQ(train.retry.backoff, Duration(1000));
  EXPECT_EQ(train.timeout, Duration(12 * 3600 * 1000));
  EXPECT_TRUE(train.fresh_host);
  EXPECT_TRUE(train.random);
  EXPECT_EQ(train.when, "stages.kept.metrics.share > 0.1");
  EXPECT_EQ(spec.find("report")->inputs.at("models").size(), 2u);
  EXPECT_EQ(spec.find("kept")->params.at("wait"), json::value(2000));
  EXPECT_EQ(spec.find("kept")->revision, 3);
  EXPECT_FALSE(spec.find("kept")->when);
  EXPECT_FALSE(spec.find("documents")->cache);
}

TEST(Check, SpecSurvivesJson) {
  const auto checked = check_text(kPipeline, {"steps=3"});
  ASSERT_TRUE(checked.spec);
  const json::object object = to_json(*checked.spec);
  auto read = workflow_spec_from_json(object);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(to_json(*read), object);
  json::object broken = object;
  broken["stages"].as_array()[0].as_object().erase("retry");
  EXPECT_FALSE(workflow_spec_from_json(broken).ok());
}

TEST(Check, ConditionOnParametersIsDecidedAtOnce) {
  const auto checked = check_text(
      "cairn: 1\nparams: {go: {type: bool, default: true}}\nstages:\n  a: {uses: corpus, when: "
      "'${not params.go}'}\n");
  ASSERT_TRUE(checked.spec);
  EXPECT_FALSE(checked.spec->stages[0].enabled);
}

TEST(Check, SetTakesTheDeclaredType) {
  const std::string text = R"(cairn: 1
params:
  name: {type: string}
  ids: {type: list, default: []}
  rate: {type: float, default: 0.5, max: 1}
stages:
  a: {uses: corpus, with: {sources: ["${params.name}", "${params.ids}", "${params.rate}"]}}
)";
  const auto checked = check_text(text, {"name=12", "ids=[1, b]", "rate=1e-1"});
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  EXPECT_EQ(checked.spec->stages[0].params.at("sources"),
            (json::array{"12", json::array{1, "b"}, 0.1}));
  EXPECT_THAT(
      messages(check_text(text, {"nam=x", "rate=2", "rate=fast", "ids=3", "x"})),
      ElementsAre("1:1 unknown_parameter the workflow has no parameter 'nam'",
                  "1:1 bad_set 'x' is not NAME=VALUE",
                  "1:5 invalid_value parameter 'ids' must be a list, not 3",
                  "1:6 invalid_value parameter 'rate' must be at most 1, not 2",
                  "1:6 invalid_value parameter 'rate' must be a number, not \"fast\"",
                  "3:3 missing_parameter parameter 'name' has no default and no value is given"));
}

TEST(Check, PathsBeginAtTheirFile) {
  TempFolder folder;
  folder.write("base/list.txt", "a");
  folder.write("other.txt", "a");
  folder.write("base/base.yaml", R"(cairn: 1
params:
  file: {type: path, default: list.txt}
  steps: {type: int, default: 1}
stages:
  documents: {uses: corpus, with: {list: "${params.file}", min_chars: "${params.steps}"}}
  same: {uses: corpus, with: {list: list.txt}}
)");
  WorkflowRequest request;
  request.file = folder.write("ext.yaml",
                              "cairn: 1\nname: ext\nextends: base/base.yaml\nseed: 3\nparams:\n"
                              "  file: other.txt\n");
  auto checked = check_workflow(request, testing::sample_registry());
  ASSERT_TRUE(checked.ok() && checked->spec) << checked->diagnostics.to_text();
  const WorkflowSpec& spec = *checked->spec;
  EXPECT_EQ(spec.name, "ext");
  EXPECT_EQ(spec.seed, 3u);
  EXPECT_EQ(spec.stages[0].params.at("list"), json::value((folder.path() / "other.txt").string()));
  EXPECT_EQ(spec.stages[1].params.at("list"),
            json::value((folder.path() / "base/list.txt").string()));
  // The key knows the content, not the path.
  EXPECT_EQ(spec.stages[0].key_params.at("list"), json::value(digest_of("a")));
  EXPECT_EQ(spec.stages[0].key_params.at("list"), spec.stages[1].key_params.at("list"));

  request.params_file = folder.write("values.json", "{\"steps\": 5}");
  request.set = {"file=base/list.txt"};
  request.working_folder = folder.path();
  checked = check_workflow(request, testing::sample_registry());
  ASSERT_TRUE(checked.ok() && checked->spec) << checked->diagnostics.to_text();
  EXPECT_EQ(checked->spec->params.at("steps"), json::value(5));
  EXPECT_EQ(checked->spec->stages[0].params.at("list"),
            json::value((folder.path() / "base/list.txt").string()));
}

TEST(Check, MissingFilesAreToldApart) {
  TempFolder folder;
  WorkflowRequest request;
  request.file = folder.path() / "none.yaml";
  auto checked = check_workflow(request, testing::sample_registry());
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(
      messages(check_text("cairn: 1\nextends: none.yaml\n", {}, folder.path())),
      ElementsAre("2:10 missing_file there is no file " + (folder.path() / "none.yaml").string()));
  EXPECT_THAT(
      messages(check_text("cairn: 1\nstages:\n  a:\n    uses: import\n    with:\n"
                          "      path: none\n",
                          {}, folder.path())),
      ElementsAre("6:13 missing_file there is nothing at " + (folder.path() / "none").string()));
  folder.write("w.yaml", "cairn: 1\nextends: w.yaml\n");
  request.file = folder.path() / "w.yaml";
  checked = check_workflow(request, testing::sample_registry());
  ASSERT_TRUE(checked.ok());
  EXPECT_THAT(messages(*checked), ElementsAre("2:10 extends_cycle this file extends itself in the "
                                              "end"));
}

TEST(Check, OutputsThatDependOnParameters) {
  TempFolder folder;
  folder.write("m", "x");
  const auto checked = check_text(R"(cairn: 1
stages:
  in: {uses: import, with: {path: m, kind: model}}
  sh:
    uses: shell
    inputs: {anything: in.artifact}
    with: {run: "true", files: [m], outputs: {docs: out.jsonl}}
  train: {uses: train, inputs: {dataset: sh.docs, policy: in.artifact}, with: {steps: 1}}
  wrong: {uses: train, inputs: {dataset: in.artifact}, with: {steps: 1}}
)",
                                  {}, folder.path());
  EXPECT_THAT(messages(checked), ElementsAre("9:42 wrong_kind the input 'dataset' takes documents, "
                                             "but 'in.artifact' is model"));
}

TEST(Check, OutputsStayInTheFolderOfTheirStage) {
  EXPECT_THAT(messages(check_text("cairn: 1\nstages:\n  sh:\n    uses: shell\n    with:\n"
                                  "      run: 'true'\n"
                                  "      outputs: {a: /etc/x, b: ../x, good: x/y, 'c d': z}\n")),
              ElementsAre("7:20 invalid_value the output 'a' must be a relative path inside the "
                          "stage's folder, not \"/etc/x\"",
                          "7:31 invalid_value the output 'b' must be a relative path inside the "
                          "stage's folder, not \"../x\"",
                          "7:48 bad_name 'c d' is no name for an output"));
}

TEST(Check, ContentOfShellFilesIsInTheKey) {
  TempFolder folder;
  folder.write("m", "x");
  const auto checked =
      check_text("cairn: 1\nstages:\n  sh: {uses: shell, with: {run: 'true', files: [m]}}\n", {},
                 folder.path());
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  EXPECT_EQ(checked.spec->stages[0].params.at("files"),
            (json::array{(folder.path() / "m").string()}));
  EXPECT_EQ(checked.spec->stages[0].key_params.at("files"), (json::array{digest_of("x")}));
}

}  // namespace
}  // namespace cairn
