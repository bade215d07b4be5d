#include "core/workflow/matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "core/workflow/plan.h"
#include "tests/unit/workflow/sample_registry.h"

namespace cairn {
namespace {

using testing::check_text;
using ::testing::ElementsAre;
using testing::messages;
using testing::TempFolder;

json::array numbers(std::initializer_list<json::value_ref> values) {
  return json::array(values);
}

TEST(Matrix, EveryCellIsATask) {
  const auto checked = check_text(R"(cairn: 1
params:
  sizes: {type: list, default: [1, 2]}
stages:
  documents: {uses: corpus}
  kept:
    uses: filter
    inputs: {documents: documents.documents}
    matrix:
      share: [0.25, 0.5]
      size: ${params.sizes}
      exclude: [{share: 0.5, size: 2.0}]
      include: [{share: 1, size: 9}]
      max_parallel: 2
    with:
      threshold: ${matrix.share}
      sizes: ["${matrix.size}", 7]
      mode: minhash
    description: ${params.sizes[0]} of ${matrix.size}
)");
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  const StageSpec& kept = *checked.spec->find("kept");
  ASSERT_TRUE(kept.cells);
  EXPECT_THAT(kept.cells->labels, ElementsAre("share=0.25,size=1", "share=0.25,size=2",
                                              "share=0.5,size=1", "share=1,size=9"));
  EXPECT_EQ(kept.cells->params.at("threshold"), numbers({0.25, 0.25, 0.5, 1.0}));
  EXPECT_EQ(kept.cells->params.at("sizes"),
            numbers({json::array{1, 7}, json::array{2, 7}, json::array{1, 7}, json::array{9, 7}}));
  EXPECT_EQ(kept.cells->params.size(), 2u);
  EXPECT_TRUE(kept.cells->key_params.empty());
  EXPECT_EQ(kept.params, (json::object{{"mode", "minhash"}, {"wait", 1000}}));
  EXPECT_EQ(kept.key_params, kept.params);
  EXPECT_EQ(kept.max_parallel, 2);
  EXPECT_EQ(kept.description, "1 of ${matrix.size}");
  auto read = workflow_spec_from_json(to_json(*checked.spec));
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(to_json(*read), to_json(*checked.spec));
}

TEST(Matrix, LabelsAreUniqueWhateverTheValues) {
  const auto checked = check_text(R"(cairn: 1
stages:
  a:
    uses: corpus
    matrix: {v: [1, "1", "true", true, null, "a,b", {x: 1}, ""]}
    with: {sources: ["${matrix.v}"]}
)");
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  EXPECT_THAT(checked.spec->stages[0].cells->labels,
              ElementsAre("v=1", "v=#1", "v=true", "v=#3", "v=null", "v=#5", "v=#6", "v=#7"));
}

TEST(Matrix, IncludeAloneMakesCells) {
  const auto checked = check_text(R"(cairn: 1
stages:
  a:
    uses: corpus
    matrix: {include: [{n: 1, name: x}, {name: y, n: 2}]}
    with: {min_chars: "${matrix.n}"}
)");
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  EXPECT_THAT(checked.spec->stages[0].cells->labels, ElementsAre("n=1,name=x", "n=2,name=y"));
}

TEST(Matrix, ConditionChoosesCells) {
  const std::string text = R"(cairn: 1
params: {least: {type: int, default: 2}}
stages:
  a:
    uses: corpus
    matrix: {n: [1, 2, 3]}
    when: ${matrix.n >= params.least}
    with: {min_chars: "${matrix.n}"}
)";
  auto checked = check_text(text);
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  EXPECT_TRUE(checked.spec->stages[0].enabled);
  EXPECT_FALSE(checked.spec->stages[0].when);
  EXPECT_EQ(checked.spec->stages[0].cells->params.at("min_chars"), numbers({2, 3}));
  checked = check_text(text, {"least=4"});
  ASSERT_TRUE(checked.spec);
  EXPECT_FALSE(checked.spec->stages[0].enabled);
  EXPECT_EQ(checked.spec->stages[0].cells->size(), 0u);
}

TEST(Matrix, ContentOfEachCellIsInItsKey) {
  TempFolder folder;
  folder.write("a.txt", "same");
  folder.write("b.txt", "same");
  const std::string text = R"(cairn: 1
stages:
  a: {uses: corpus, matrix: {f: [a, b]}, with: {list: "${matrix.f}.txt"}}
)";
  const auto checked = check_text(text, {}, folder.path());
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  const Cells& cells = *checked.spec->stages[0].cells;
  EXPECT_EQ(cells.params.at("list"), numbers({json::value((folder.path() / "a.txt").string()),
                                              json::value((folder.path() / "b.txt").string())}));
  EXPECT_EQ(cells.key_params.at("list"),
            numbers({json::value(digest_of("same")), json::value(digest_of("same"))}));
  fs::remove(folder.path() / "b.txt");
  EXPECT_THAT(messages(check_text(text, {}, folder.path())),
              ElementsAre("3:55 missing_file there is nothing at " +
                          (folder.path() / "b.txt").string() + " (task f=b)"));
}

TEST(Matrix, ScriptIsSharedAndItsVariablesDiffer) {
  const auto checked = check_text(R"(cairn: 1
params: {word: {type: string, default: "it's"}}
stages:
  s:
    uses: shell
    matrix: {n: [1, "$(x);"]}
    with:
      run: echo "${matrix.n}" "${params.word}" "${matrix.n}"
      env: {LANG: C}
      outputs: {out: "${matrix.n}.txt"}
)");
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  const StageSpec& stage = checked.spec->stages[0];
  EXPECT_EQ(stage.params.at("run").as_string(),
            "echo \"${CAIRN_VALUE_MATRIX_N}\" \"${CAIRN_VALUE_PARAMS_WORD}\" "
            "\"${CAIRN_VALUE_MATRIX_N}\"");
  EXPECT_FALSE(stage.params.contains("env"));
  EXPECT_EQ(stage.cells->params.at("env"),
            numbers({json::object{{"CAIRN_VALUE_MATRIX_N", "1"},
                                  {"CAIRN_VALUE_PARAMS_WORD", "it's"},
                                  {"LANG", "C"}},
                     json::object{{"CAIRN_VALUE_MATRIX_N", "$(x);"},
                                  {"CAIRN_VALUE_PARAMS_WORD", "it's"},
                                  {"LANG", "C"}}}));
  EXPECT_EQ(stage.outputs.size(), 1u);
  EXPECT_EQ(stage.outputs[0].name, "out");
}

TEST(Matrix, OutputsFeedAListInput) {
  const auto checked = check_text(R"(cairn: 1
stages:
  documents: {uses: corpus}
  train:
    uses: train
    inputs: {dataset: documents.documents}
    matrix: {steps: [1, 2, 3]}
    with: {steps: "${matrix.steps}"}
  report: {uses: report, inputs: {models: train.model}}
)");
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  const auto& models = checked.spec->find("report")->inputs.at("models");
  ASSERT_EQ(models.size(), 1u);
  EXPECT_EQ(models[0].stage, "train");
}

std::string large(const std::string& with) {
  return "cairn: 1\nparams: {list: {type: list, default: [a, b]}}\nstages:\n  a:\n    uses: shell\n"
         "    matrix: {n: '${range(100000)}'}\n    with: " +
         with + "\n";
}

// The goal of issue 4 is 2 s for validate and plan; the time is printed, for other work of the
// machine would make a limit fail.
TEST(Matrix, HundredThousandCells) {
  for (const char* with :
       {"{run: 'true', env: {N: '${matrix.n}'}}", "{run: 'echo ${matrix.n} ${matrix.n + 1}'}",
        "{run: 'true', outputs: {out: 'x/${params.list[matrix.n % 2]}/${matrix.n}.txt'}}"}) {
    const auto begin = std::chrono::steady_clock::now();
    const auto checked = check_text(large(with));
    ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
    const auto plan = plan_workflow(*checked.spec, {});
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(plan[0].tasks, 100'000);
    EXPECT_EQ(plan[0].because.size(), 1u);
    EXPECT_EQ(checked.spec->stages[0].cells->labels.back(), "n=99999");
    std::printf("100,000 cells, %s: %.3f s\n", with, taken.count());
  }
}

TEST(Matrix, AMistakeOfManyCellsIsReportedOnce) {
  const auto checked = check_text(
      "cairn: 1\nstages:\n  a:\n    uses: corpus\n    matrix: {n: '${range(100000)}'}\n"
      "    with: {min_chars: '${100 // (matrix.n - 7)}', sources: ['${[1, 2][matrix.n]}']}\n");
  EXPECT_THAT(messages(checked),
              ElementsAre("6:30 bad_expression division by zero (task n=7)",
                          "6:70 bad_expression the list has 2 entries, no 2 (task n=2)"));
}

TEST(Matrix, HostileSizesAreRefused) {
  EXPECT_EQ(messages(check_text("cairn: 1\nstages:\n  a:\n    uses: corpus\n    matrix: {a: "
                                "'${range(1000000)}'}\n    with: {sources: ['${[matrix.a, "
                                "matrix.a, matrix.a, matrix.a, matrix.a, matrix.a, matrix.a, "
                                "matrix.a]}', '${range(matrix.a)}']}\n"))
                .at(0),
            "6:21 too_large the parameters of all tasks take more than 128.0 MiB");
}

}  // namespace
}  // namespace cairn
