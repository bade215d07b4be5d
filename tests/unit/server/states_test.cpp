#include "core/server/api/states.h"

#include <gtest/gtest.h>

#include "tests/unit/engine/engine_harness.h"

namespace cairn::api {
namespace {

using cairn::testing::Lab;
using cairn::testing::stage;
using cairn::testing::with_cells;
using cairn::testing::workflow;

// a, then b with three tasks, then c.
std::string submit(Lab& lab) {
  return lab.scheduler
      ->submit(workflow({stage("a"), with_cells(stage("b", {"a"}), 3), stage("c", {"b"})}), {})
      .value();
}

TEST(States, AStructureIsStagesAndWhatTheyWaitFor) {
  Lab lab;
  const std::string run = submit(lab);
  lab.poll();
  const json::object structure = structure_view(lab.state(run));
  const json::array& stages = structure.at("stages").as_array();
  ASSERT_EQ(stages.size(), 3U);
  EXPECT_EQ(stages[1].at("name").as_string(), "b");
  EXPECT_EQ(stages[1].at("tasks").as_string(), "matrix");
  EXPECT_EQ(stages[1].at("needs"), json::value(json::array{0}));
  EXPECT_EQ(stages[2].at("needs"), json::value(json::array{1}));
}

TEST(States, AreALetterForEachStageAndTask) {
  Lab lab;
  const std::string run = submit(lab);
  lab.poll();
  json::object states = states_view(lab.state(run), true);
  EXPECT_EQ(states.at("stages").as_string(), "rpp");
  EXPECT_EQ(states.at("task_states").at("1").as_string(), "ppp");
  EXPECT_EQ(states.at("tasks").at("total").to_number<int>(), 5);
  // Without an engine nothing runs.
  EXPECT_EQ(states_view(lab.state(run), false).at("stages").as_string(), "ipp");
  lab.run_to_end(run);
  states = states_view(lab.state(run), true);
  EXPECT_EQ(states.at("stages").as_string(), "sss");
  EXPECT_EQ(states.at("task_states").at("1").as_string(), "sss");
  EXPECT_EQ(states.at("status").as_string(), "succeeded");
  EXPECT_EQ(states.at("sequence").as_uint64(), lab.state(run).last_sequence);
}

// Deltas, put one on the other, are the state itself.
TEST(States, DeltasAddUpToTheState) {
  Lab lab;
  const std::string run = submit(lab);
  lab.poll();
  Letters told = letters_of(lab.state(run), true);
  std::string stages = told.stages;
  std::vector<std::string> tasks = told.tasks;
  for (int i = 0; i < 400 && lab.state(run).status == RunStatus::kRunning; ++i) {
    lab.run_calmly(run, 1);
    const Letters now = letters_of(lab.state(run), true);
    const json::object delta = delta_view(lab.state(run), true, told, now);
    for (const json::value& change : delta.at("stages").as_array())
      stages[change.at(0).to_number<std::size_t>()] = change.at(1).as_string()[0];
    for (const json::value& change : delta.at("task_states").as_array()) {
      tasks[change.at(0).to_number<std::size_t>()][change.at(1).to_number<std::size_t>()] =
          change.at(2).as_string()[0];
    }
    told = now;
    ASSERT_EQ(stages, now.stages);
    ASSERT_EQ(tasks, now.tasks);
  }
  EXPECT_EQ(stages, "sss");
}

TEST(States, TasksAreListedByPagesAndFilters) {
  Lab lab;
  const std::string run = submit(lab);
  lab.run_to_end(run);
  const RunState& state = lab.state(run);
  std::vector<std::string> names;
  TaskPageWish wish;
  wish.limit = 2;
  for (;;) {
    const json::object page = task_list_view(state, true, {}, wish);
    for (const json::value& task : page.at("tasks").as_array())
      names.emplace_back(task.at("name").as_string());
    const json::value* next = page.if_contains("next_cursor");
    if (next == nullptr) break;
    wish.from = static_cast<std::uint32_t>(std::stoul(std::string(next->as_string())));
  }
  ASSERT_EQ(names.size(), 5U);
  EXPECT_EQ(names.front(), "a");
  EXPECT_EQ(names.back(), "c");
  wish = {};
  wish.q = "B[";
  EXPECT_EQ(task_list_view(state, true, {}, wish).at("tasks").as_array().size(), 3U);
  wish.q = "";
  wish.status = StatusFilter::parse("failed").value();
  EXPECT_TRUE(task_list_view(state, true, {}, wish).at("tasks").as_array().empty());
  wish.status = StatusFilter::parse_of_tasks("cached").value();
  EXPECT_TRUE(task_list_view(state, true, {}, wish).at("tasks").as_array().empty());
  // The same workflow again finds its results.
  const std::string again = submit(lab);
  lab.run_to_end(again);
  const json::object reused = task_list_view(lab.state(again), true, {}, wish);
  ASSERT_EQ(reused.at("tasks").as_array().size(), 5U);
  EXPECT_EQ(reused.at("tasks").at(0).at("status").as_string(), "succeeded");
  EXPECT_EQ(reused.at("tasks").at(0).at("attempts").to_number<int>(), 0);
}

TEST(States, ATimelineHasEveryAttemptOnceOverItsPages) {
  Lab lab;
  const std::string run = submit(lab);
  lab.run_to_end(run);
  const json::object whole = timeline_view(lab.state(run), true, lab.clock.now(), 0, 100);
  ASSERT_EQ(whole.at("states").as_string(), "sssss");
  const auto& ready = whole.at("ready").as_array();
  const auto& created = whole.at("created").as_array();
  const auto& finished = whole.at("finished").as_array();
  for (std::size_t i = 0; i < ready.size(); ++i) {
    EXPECT_LE(ready[i].as_int64(), created[i].as_int64());
    EXPECT_LE(created[i].as_int64(), finished[i].as_int64());
  }
  // b could begin once a had ended.
  EXPECT_EQ(ready[1].as_int64(), finished[0].as_int64());
  std::size_t seen = 0;
  for (std::uint64_t from = 0;;) {
    const json::object page = timeline_view(lab.state(run), true, lab.clock.now(), from, 2);
    seen += page.at("states").as_string().size();
    const json::value* next = page.if_contains("next_cursor");
    if (next == nullptr) break;
    from = std::stoull(std::string(next->as_string()));
  }
  EXPECT_EQ(seen, 5U);
}

}  // namespace
}  // namespace cairn::api
