#include "core/cli/plan_cache.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/artifacts/content_store.h"
#include "core/engine/cache_key.h"
#include "core/engine/layout.h"
#include "core/store/rocks_store.h"

namespace cairn {
namespace {

StageSpec stage(const std::string& name, const std::string& input) {
  StageSpec spec;
  spec.name = name;
  spec.uses = "copy";
  spec.outputs = {{"out", "file"}};
  if (!input.empty()) spec.inputs["in"] = {{input, "out"}};
  return spec;
}

class PlanCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = make_private_folder(fs::temp_directory_path(), "cairn-plan-");
    ASSERT_TRUE(folder.ok());
    cli_.options.state_dir = *folder / "state";
    cli_.options.store_dir = *folder / "store";
    folder_ = *folder;
    spec_.stages = {stage("a", ""), stage("b", "a"), stage("c", "b")};
  }
  void TearDown() override {
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (!entry.is_symlink()) fs::permissions(entry.path(), fs::perms::owner_all);
    }
    fs::remove_all(folder_);
  }

  // As a run of `a` would have left it, or of one of its tasks.
  Digest remember_a(std::uint32_t task = 0) const {
    fs::create_directories(cli_.options.store_dir);
    std::ofstream(cli_.options.store_dir / "made") << "content";
    ContentStore artifacts(cli_.options.store_dir);
    auto id = artifacts.publish(cli_.options.store_dir / "made");
    EXPECT_TRUE(id.ok());
    RunState state;
    EXPECT_TRUE(lay_out(state, std::make_shared<const WorkflowSpec>(spec_)).ok());
    CacheEntry entry;
    entry.run = "r";
    entry.name = "a";
    entry.outputs.emplace_back();
    entry.outputs.back().set_name("out");
    entry.outputs.back().set_digest(id->digest);
    auto store = open_rocks_store(cli_.options.state_dir);
    EXPECT_TRUE(store.ok());
    StoreBatch batch;
    batch.cache.push_back({task_key(state, task, stage_key(state, 0)), encode_cache_entry(entry)});
    EXPECT_TRUE((*store)->append(batch).ok());
    return id->digest;
  }

  std::vector<std::string> actions() const {
    auto sources = plan_sources(cli_, spec_);
    EXPECT_TRUE(sources.ok());
    std::vector<std::string> list;
    for (const auto& planned : plan_workflow(spec_, *sources))
      list.emplace_back(to_string(planned.action));
    return list;
  }

  fs::path folder_;
  Cli cli_;
  WorkflowSpec spec_;
};

TEST_F(PlanCacheTest, WithoutAStateFolderEverythingRunsAndNothingIsMade) {
  EXPECT_EQ(actions(), (std::vector<std::string>{"run", "run", "run"}));
  EXPECT_FALSE(fs::exists(cli_.options.state_dir));
}

TEST_F(PlanCacheTest, ReusesWhatARunLeft) {
  const Digest digest = remember_a();
  EXPECT_EQ(actions(), (std::vector<std::string>{"reuse", "run", "run"}));
  // A reused result must still be there.
  ContentStore artifacts(cli_.options.store_dir);
  fs::remove(artifacts.path(digest));
  EXPECT_EQ(actions(), (std::vector<std::string>{"run", "run", "run"}));
}

TEST_F(PlanCacheTest, AMatrixIsReusedWhenAllItsTasksAreKnown) {
  spec_.stages[0].cells = Cells{{"n=1", "n=2"}, {{"n", {1, 2}}}, {}};
  remember_a(0);
  EXPECT_EQ(actions(), (std::vector<std::string>{"run", "run", "run"}));
  remember_a(3);  // the second task stands behind the three stages
  EXPECT_EQ(actions(), (std::vector<std::string>{"reuse", "run", "run"}));
}

TEST_F(PlanCacheTest, AnotherParameterIsAnotherKey) {
  remember_a();
  spec_.stages[0].key_params["n"] = 2;
  EXPECT_EQ(actions(), (std::vector<std::string>{"run", "run", "run"}));
}

}  // namespace
}  // namespace cairn
