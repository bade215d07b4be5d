// Looking at runs: events, logs and metrics by cursor, explanations, comparison, lineage.
#include <gtest/gtest.h>

#include "tests/e2e/server.h"

namespace cairn::e2e {
namespace {

constexpr const char* kMatrix = R"(cairn: 1
name: sweep
params:
  word: {type: string, default: hello}
stages:
  made: {uses: probe.emit, with: {text: "${params.word}"}}
  each:
    uses: shell
    matrix: {n: [1, 2, 3]}
    inputs: {text: made.result}
    with: {run: "echo line ${matrix.n}; cp $CAIRN_INPUT_TEXT t; echo ${matrix.n} >> t", outputs: {text: t}}
  walk: {uses: probe.count, with: {steps: 4}}
)";

class Reading : public ::testing::Test {
 protected:
  void SetUp() override {
    file_ = place_.write("sweep.yaml", kMatrix).string();
    run_ = place_.run_json({"run", file_, "-q"});
    ASSERT_EQ(status_of(run_), "succeeded");
    id_ = run_.as_object().at("id").as_string();
  }
  Place place_;
  std::string file_;
  json::value run_;
  std::string id_;
};

TEST_F(Reading, EventsGoOnBehindASequence) {
  const auto all = json_lines(place_.run({"events", "sweep", "-o", "json"}).out);
  ASSERT_GT(all.size(), 5U);
  EXPECT_EQ(all.front().at("type").as_string(), "run_created");
  EXPECT_EQ(all.back().at("type").as_string(), "run_finished");
  const auto middle = all[3].at("sequence").to_number<std::uint64_t>();
  const auto rest = json_lines(
      place_.run({"events", "sweep", "-o", "json", "--after", std::to_string(middle)}).out);
  EXPECT_EQ(std::vector(all.begin() + 4, all.end()), rest);
  const auto watched = json_lines(
      place_.run({"watch", "sweep", "-o", "json", "--after", std::to_string(middle)}).out);
  EXPECT_EQ(watched, rest);
  EXPECT_NE(place_.run({"events", "sweep"}).out.find("each[n=2]"), std::string::npos);
  EXPECT_EQ(place_.run({"events", "nobody"}).exit_code, 4);
}

TEST_F(Reading, StagesOfSeveralTasksArePaged) {
  const auto page = place_.run_json({"get", "sweep/each", "--offset", "1", "--limit", "1"});
  const auto& tasks = page.as_object().at("task_list").as_array();
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].as_object().at("label").as_string(), "n=2");
  EXPECT_EQ(page.as_object().at("tasks").as_object().at("total"), json::value(3));
  const auto task = place_.run_json({"get", "sweep/each[n=3]"});
  const json::object& params = task.as_object().at("params").as_object();
  EXPECT_EQ(params.at("env").at("CAIRN_VALUE_MATRIX_N").as_string(), "3");
  EXPECT_TRUE(params.contains("outputs")) << "what it shares with the others of its stage";
  EXPECT_EQ(place_.run({"get", "sweep/each[n=9]"}).exit_code, 4);
  EXPECT_EQ(place_.run({"get", "sweep/each", "-o", "name"}).out,
            "each[n=1]\neach[n=2]\neach[n=3]\n");
  EXPECT_EQ(stage_of(run_, 1).at("outputs").as_object().at("text").as_array().size(), 3U);
}

TEST_F(Reading, LogsAreOneTasksOrAllAndGoOnBehindACursor) {
  const std::string all = place_.run({"logs", "sweep"}).out;
  for (const char* line : {"line 1", "line 2", "line 3"})
    EXPECT_NE(all.find(line), std::string::npos) << all;
  const std::string one = place_.run({"logs", "sweep/each[n=2]"}).out;
  EXPECT_NE(one.find("line 2"), std::string::npos) << one;
  EXPECT_EQ(one.find("line 1"), std::string::npos) << one;
  EXPECT_EQ(place_.run({"logs", "sweep/each@1"}).out, one);
  const auto lines = json_lines(place_.run({"logs", "sweep/each[n=2]", "-o", "json"}).out);
  ASSERT_FALSE(lines.empty());
  const std::string cursor(lines.back().at("cursor").as_string());
  EXPECT_EQ(place_.run({"logs", "sweep/each[n=2]", "-o", "json", "--after", cursor}).out, "");
  EXPECT_EQ(place_.run({"logs", "sweep/each", "--after", cursor}).exit_code, 2);
  EXPECT_EQ(place_.run({"logs", "sweep/each[n=2]", "--after", "x"}).exit_code, 2);
  EXPECT_EQ(
      json_lines(place_.run({"logs", "sweep/each[n=2]", "-o", "json", "--tail", "1"}).out).size(),
      1U);
}

TEST_F(Reading, MetricsAreStatisticsOrPoints) {
  const auto points = json_lines(place_.run({"metrics", "sweep/walk", "-o", "json"}).out);
  ASSERT_EQ(points.size(), 4U);
  EXPECT_EQ(points[2].at("step"), json::value(2));
  const std::string cursor(points[1].at("cursor").as_string());
  const auto rest =
      json_lines(place_.run({"metrics", "sweep/walk", "-o", "json", "--after", cursor}).out);
  EXPECT_EQ(rest, std::vector(points.begin() + 2, points.end()));
  const std::string table = place_.run({"metrics", "sweep"}).out;
  EXPECT_NE(table.find("sum"), std::string::npos) << table;
  EXPECT_EQ(place_.run({"metrics", "sweep", "--name", "other", "-o", "json"}).out, "");
}

TEST_F(Reading, ExplainSpeaksOfRunsStagesAndTasks) {
  EXPECT_EQ(place_.run_json({"explain", "sweep"}).as_object().at("stages").as_array().size(), 3U);
  const auto environment =
      place_.run_json({"explain", "sweep"}).as_object().at("environment").as_object();
  for (const char* key : {"cairn", "host", "kernel", "plugins", "variables"})
    EXPECT_TRUE(environment.contains(key)) << key;
  const auto task = place_.run_json({"explain", "sweep/each[n=1]"});
  EXPECT_EQ(task.as_object().at("task").as_string(), "each[n=1]");
  const auto again = place_.run_json({"run", file_, "-q", "--set", "word=other"});
  const std::string why = place_.run({"explain", "@latest/each[n=1]"}).out;
  EXPECT_NE(why.find("inputs.text"), std::string::npos) << why;
  EXPECT_NE(why.find(id_), std::string::npos) << why;
  EXPECT_EQ(place_.run({"explain", "sweep/eahc"}).exit_code, 4);
}

TEST_F(Reading, DiffAndLineageTellWhatFollowsFromWhat) {
  const auto same = place_.run_json({"run", file_, "-q"});
  const std::string same_id(same.as_object().at("id").as_string());
  EXPECT_TRUE(place_.run_json({"diff", id_, same_id}).as_object().at("equal").as_bool());
  const auto other = place_.run_json({"run", file_, "-q", "--set", "word=other"});
  const std::string other_id(other.as_object().at("id").as_string());
  const auto diff = place_.run_json({"diff", id_, other_id}).as_object();
  EXPECT_FALSE(diff.at("equal").as_bool());
  EXPECT_EQ(diff.at("differences").as_array().at(0).as_object().at("name").as_string(), "word");
  EXPECT_NE(place_.run({"diff", id_, other_id}).out.find("each.text"), std::string::npos);
  EXPECT_EQ(place_.run({"diff", id_, "nobody"}).exit_code, 4);

  const auto lineage = place_.run_json({"lineage", id_ + "/made/result"}).as_object();
  const auto& consumers = lineage.at("consumers").as_array();
  ASSERT_EQ(consumers.size(), 2U) << "the same artifact was read in two runs";
  EXPECT_EQ(consumers[0].as_object().at("run").as_string(), same_id);
  const auto up = place_.run_json({"lineage", same_id + "/each[n=2]/text"}).as_object();
  const auto& artifact = up.at("artifact").as_object();
  EXPECT_EQ(artifact.at("reused_from").as_string(), id_ + "/each[n=2]");
  EXPECT_EQ(artifact.at("inputs").as_array().at(0).as_object().at("task").as_string(), "made");
  EXPECT_NE(place_.run({"lineage", id_ + "/made/result"}).out.find("read by"), std::string::npos);
  EXPECT_EQ(place_.run({"lineage", id_ + "/made"}).exit_code, 2);
  EXPECT_EQ(place_.run({"lineage", id_ + "/made/nothing"}).exit_code, 4);
}

TEST_F(Reading, ListFiltersAndCounts) {
  expect_done(place_.run({"run", file_, "-q", "--name", "second"}));
  EXPECT_EQ(place_.run_json({"list", "--name", "second"}).as_array().size(), 1U);
  EXPECT_EQ(place_.run_json({"list", "--status", "failed"}).as_array().size(), 0U);
  const auto newest = place_.run_json({"list", "--limit", "1"}).as_array();
  ASSERT_EQ(newest.size(), 1U);
  EXPECT_EQ(newest[0].as_object().at("name").as_string(), "second");
  const std::string before(newest[0].as_object().at("id").as_string());
  EXPECT_EQ(place_.run({"list", "--before", before, "-o", "name"}).out, id_ + "\n");
}

TEST(Following, LogsAndMetricsComeWhileTheRunGoesOn) {
  const Place place;
  const Gates gates(place);
  Server server(place);
  expect_done(place.run({"submit", place.write("walk.yaml", walk_workflow(gates)).string()}));
  ASSERT_TRUE(gates.reached(0));
  Running metrics(place, {"metrics", "walk/walk", "-f", "-o", "json"});
  Running events(place, {"events", "walk", "-f", "-o", "json"});
  gates.open("go");
  const Finished measured = metrics.wait();
  EXPECT_EQ(measured.exit_code, 0) << measured.err;
  EXPECT_EQ(json_lines(measured.out).size(), 6U);
  const auto told = json_lines(events.wait().out);
  EXPECT_EQ(told.back().at("type").as_string(), "run_finished");
  EXPECT_EQ(told, json_lines(place.run({"events", "walk", "-o", "json"}).out));
}

}  // namespace
}  // namespace cairn::e2e
