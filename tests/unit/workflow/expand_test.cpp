#include "core/workflow/expand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

#include "tests/unit/workflow/sample_registry.h"

namespace cairn {
namespace {

using testing::check_text;
using ::testing::ElementsAre;
using testing::TempFolder;

constexpr const char* kEach = R"(cairn: 1
params:
  least: {type: int, default: 3}
  token: {type: secret, default: env:TOKEN}
stages:
  documents: {uses: corpus}
  each:
    uses: corpus
    foreach: {list: documents.documents, max_parallel: 4}
    with: {min_chars: "${item.size + params.least}", sources: ["${item.id}", fixed]}
    description: reads ${item.id}
  script:
    uses: shell
    foreach: documents.documents
    with:
      run: echo "${item}" "${params.token}" "${params.least}"
      env: {LANG: C, RAW: "$${HOME}", SIZE: "${item}"}
)";

class Expand : public ::testing::Test {
 protected:
  void check(const std::string& text = kEach, const fs::path& folder = "/tmp") {
    auto checked = check_text(text, {}, folder);
    ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
    // As the engine has it: out of its journal.
    auto read = workflow_spec_from_json(to_json(*checked.spec));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(to_json(*read), to_json(*checked.spec));
    spec_ = std::move(*read);
  }
  Result<Cells> expand(const char* stage, std::string_view text) const {
    return expand_foreach(spec_, *spec_.find(stage), text);
  }
  std::string error(const char* stage, std::string_view text) const {
    const auto cells = expand(stage, text);
    return cells.ok() ? "" : cells.error().message;
  }
  WorkflowSpec spec_;
};

TEST_F(Expand, StageKeepsWhatNamesTheItem) {
  check();
  const StageSpec& each = *spec_.find("each");
  EXPECT_EQ(each.foreach->list.stage, "documents");
  EXPECT_EQ(each.foreach->list.output, "documents");
  EXPECT_EQ(each.max_parallel, 4);
  EXPECT_EQ(each.foreach->templates, (json::object{{"sources", json::array{"${item.id}", "fixed"}},
                                                   {"min_chars", "${item.size + params.least}"}}));
  EXPECT_EQ(each.params, (json::object{{"list", ""}}));
  EXPECT_EQ(each.description, "reads ${item.id}");
  EXPECT_FALSE(each.cells);
  EXPECT_LT(spec_.find("documents") - spec_.stages.data(), &each - spec_.stages.data());
}

TEST_F(Expand, ArrayAndLinesGiveTasks) {
  check();
  const auto cells = expand("each", R"([{"id": "a", "size": 1}, {"id": "b", "size": 2}])");
  ASSERT_TRUE(cells.ok()) << cells.error().to_string();
  EXPECT_THAT(cells->labels, ElementsAre("a", "b"));
  EXPECT_EQ(cells->params.at("min_chars"), (json::array{4, 5}));
  EXPECT_EQ(cells->params.at("sources"),
            (json::array{json::array{"a", "fixed"}, json::array{"b", "fixed"}}));
  const auto lines =
      expand("each", "{\"id\": \"a\", \"size\": 1}\n\n{\"id\": \"b\", \"size\": 2}\n");
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(to_json(*lines), to_json(*cells));
  EXPECT_EQ(expand("each", "[]")->size(), 0u);
  EXPECT_EQ(expand("each", "")->size(), 0u);
}

TEST_F(Expand, LabelsArePlacesWhereIdsWillNotDo) {
  check();
  EXPECT_THAT(expand("script", "[3, 4]")->labels, ElementsAre("0", "1"));
  EXPECT_THAT(expand("script", "[3, 4]\n[5]\n").ok(), false);  // lists are no shell variables
  EXPECT_THAT(expand("each", R"([{"id": "a", "size": 1}, {"id": "a", "size": 2}])")->labels,
              ElementsAre("0", "1"));
  EXPECT_THAT(expand("each", R"([{"id": 7, "size": 1}, {"id": 8, "size": 2}])")->labels,
              ElementsAre("7", "8"));
}

TEST_F(Expand, ScriptGetsVariables) {
  check();
  const StageSpec& script = *spec_.find("script");
  EXPECT_EQ(script.params.at("run").as_string(),
            "echo \"${CAIRN_VALUE_ITEM}\" \"${CAIRN_VALUE_PARAMS_TOKEN}\" "
            "\"${CAIRN_VALUE_PARAMS_LEAST}\"");
  const auto cells = expand("script", "7\n\"${x}\"\n");
  ASSERT_TRUE(cells.ok()) << cells.error().to_string();
  const json::object secret{{"$secret", "env:TOKEN"}};
  EXPECT_EQ(cells->params.at("env").at(0), (json::object{{"CAIRN_VALUE_ITEM", "7"},
                                                         {"CAIRN_VALUE_PARAMS_TOKEN", secret},
                                                         {"CAIRN_VALUE_PARAMS_LEAST", "3"},
                                                         {"LANG", "C"},
                                                         {"RAW", "${HOME}"},
                                                         {"SIZE", 7}}));
  EXPECT_EQ(cells->params.at("env").at(1).at("CAIRN_VALUE_ITEM"), json::value("${x}"));
}

TEST_F(Expand, ErrorsNameItemAndParameter) {
  check();
  EXPECT_EQ(error("each", R"([{"id": "a", "size": 1}, {"id": "b", "size": "x"}])"),
            "stage 'each', item b, parameter 'min_chars': '+' cannot take a text and an int");
  EXPECT_EQ(error("each", R"([{"id": "a"}])"),
            "stage 'each', item a, parameter 'min_chars': the map has no key 'size'");
  EXPECT_EQ(error("each", R"([{"id": "a", "size": 0.5}])"),
            "stage 'each', item a, parameter 'min_chars': parameter 'min_chars' must be an "
            "integer, not 3.5");
  EXPECT_THAT(error("each", "{\"id\": 1, \"size\": 1}\nx\n"),
              ::testing::StartsWith("the list is neither a JSON array nor JSON Lines: line 2: "));
  EXPECT_THAT(error("each", "[1,"), ::testing::StartsWith("the list is no JSON: "));
}

TEST_F(Expand, ContentOfItemsIsInTheKey) {
  TempFolder folder;
  folder.write("a.txt", "a");
  check(R"(cairn: 1
stages:
  documents: {uses: corpus}
  each: {uses: corpus, foreach: documents.documents, with: {list: "${item}.txt"}}
  files: {uses: shell, foreach: documents.documents, with: {run: "true", files: ["${item}.txt"]}}
)",
        folder.path());
  const auto cells = expand("each", "[\"a\"]");
  ASSERT_TRUE(cells.ok()) << cells.error().to_string();
  EXPECT_EQ(cells->params.at("list").at(0), json::value((folder.path() / "a.txt").string()));
  EXPECT_EQ(cells->key_params.at("list").at(0), json::value(digest_of("a")));
  EXPECT_EQ(expand("files", "[\"a\"]")->key_params.at("files").at(0).at(0),
            json::value(digest_of("a")));
  EXPECT_THAT(error("each", "[\"a\", \"b\"]"),
              ::testing::StartsWith("stage 'each', item 1, parameter 'list': "));
}

TEST_F(Expand, HundredThousandItems) {
  check();
  std::string text;
  for (int i = 0; i < 100'000; ++i)
    text += "{\"id\":\"item" + std::to_string(i) + "\",\"size\":" + std::to_string(i) + "}\n";
  const auto begin = std::chrono::steady_clock::now();
  const auto cells = expand("each", text);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(cells.ok());
  EXPECT_EQ(cells->labels.back(), "item99999");
  EXPECT_EQ(cells->params.at("min_chars").at(99'999), json::value(100'002));
  std::printf("a foreach over 100,000 items: %.3f s\n", taken.count());
}

}  // namespace
}  // namespace cairn
