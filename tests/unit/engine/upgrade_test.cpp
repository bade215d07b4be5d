// Stores of earlier formats are read, and go on. tests/data/journal_v1 was written by the last
// Cairn of format 1: a run that failed and was resumed, one from the cache, one cut off by a kill.
#include <gtest/gtest.h>

#include "core/engine/view.h"
#include "core/store/rocks_store.h"
#include "tests/unit/engine/engine_harness.h"

namespace cairn::testing {
namespace {

class Upgrade : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = make_private_folder(fs::temp_directory_path(), "cairn-upgrade-").value();
    fs::copy(fs::path(CAIRN_SOURCE_DIR) / "tests/data/journal_v1", folder_ / "journal");
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(Upgrade, RunsOfFormat1AreReadAsTheyWere) {
  const auto store = open_rocks_store_read_only(folder_).value();
  const std::vector<RunRow> rows = list_rows(*store).value();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].status, "succeeded");
  EXPECT_EQ(rows[2].status, "running") << "its engine was killed";

  const RunState resumed = load_run(*store, rows[0].id).value();
  EXPECT_FALSE(resumed.quarantined) << *resumed.quarantined;
  EXPECT_EQ(resumed.revision, 2U);
  const json::object view = run_view(resumed, {.store_folder = "/store"});
  const json::array& stages = view.at("stages").as_array();
  const std::map<std::string, std::string> expected = {{"greet", "succeeded"},
                                                       {"shout", "succeeded"},
                                                       {"bad", "succeeded"},
                                                       {"behind", "succeeded"},
                                                       {"maybe", "skipped"}};
  for (const json::value& stage : stages) {
    const std::string name(stage.at("name").as_string());
    EXPECT_EQ(stage.at("status").as_string(), expected.at(name).c_str()) << name;
  }
  EXPECT_EQ(resumed.tasks[*resumed.find_stage("bad")].attempts.size(), 3U);
  EXPECT_EQ(resumed.tasks[*resumed.find_stage("greet")].outputs.at(0).digest(),
            "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
  EXPECT_EQ(host_of(resumed, resumed.tasks[0].attempts[0]).handle.executor, "local");

  const RunState cached = load_run(*store, rows[1].id).value();
  EXPECT_TRUE(cached.tasks[*cached.find_stage("greet")].cached);
  EXPECT_EQ(cached.tasks[*cached.find_stage("greet")].cached_from, rows[0].id + "/greet");
}

TEST_F(Upgrade, ARunOfFormat1GoesOn) {
  std::string run;
  {
    const auto store = open_rocks_store(folder_).value();
    run = list_rows(*store).value().back().id;
    Lab lab;
    lab.plugins["/opt/cairn/plugins/shell.so"] =
        load_run(*store, run)->spec->stages[0].plugin_digest;
    lab.journal = store.get();
    lab.start();
    ASSERT_TRUE(lab.scheduler->resume(run, {}).ok());
    lab.run_to_end(run);
    EXPECT_EQ(lab.scheduler->find(run)->status, RunStatus::kSucceeded);
    lab.scheduler.reset();
  }
  const auto store = open_rocks_store_read_only(folder_).value();
  const RunState state = load_run(*store, run).value();
  EXPECT_EQ(state.status, RunStatus::kSucceeded) << "both formats in one journal";
  EXPECT_EQ(state.tasks[0].attempts.size(), 2U);
}

}  // namespace
}  // namespace cairn::testing
