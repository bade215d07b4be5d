#include "core/server/plan_cache.h"

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
    folder_ = *folder;
    store_folder_ = folder_ / "store";
    auto store = open_rocks_store(folder_ / "state");
    ASSERT_TRUE(store.ok());
    store_ = std::move(*store);
    spec_.stages = {stage("a", ""), stage("b", "a"), stage("c", "b")};
  }
  void TearDown() override {
    store_.reset();
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (!entry.is_symlink()) fs::permissions(entry.path(), fs::perms::owner_all);
    }
    fs::remove_all(folder_);
  }

  // As a run of `a` would have left it, or of one of its tasks.
  Digest remember_a(std::uint32_t task = 0) const {
    fs::create_directories(store_folder_);
    std::ofstream(store_folder_ / "made") << "content";
    ContentStore artifacts(store_folder_);
    auto id = artifacts.publish(store_folder_ / "made");
    EXPECT_TRUE(id.ok());
    RunState state;
    EXPECT_TRUE(lay_out(state, std::make_shared<const WorkflowSpec>(spec_)).ok());
    CacheEntry entry;
    entry.run = "r";
    entry.name = "a";
    entry.seconds = 30;
    entry.gpu_seconds = 60;
    entry.outputs.emplace_back();
    entry.outputs.back().set_name("out");
    entry.outputs.back().set_digest(id->digest);
    StoreBatch batch;
    batch.cache.push_back({task_key(state, task, stage_key(state, 0)), encode_cache_entry(entry)});
    EXPECT_TRUE(store_->append(batch).ok());
    return id->digest;
  }

  std::vector<std::string> actions() const {
    auto sources = plan_sources(*store_, store_folder_, spec_);
    EXPECT_TRUE(sources.ok());
    std::vector<std::string> list;
    for (const auto& planned : plan_workflow(spec_, *sources))
      list.emplace_back(to_string(planned.action));
    return list;
  }

  fs::path folder_;
  fs::path store_folder_;
  std::unique_ptr<RunStore> store_;
  WorkflowSpec spec_;
};

TEST_F(PlanCacheTest, OfAnEmptyStoreEverythingRuns) {
  EXPECT_EQ(actions(), (std::vector<std::string>{"run", "run", "run"}));
}

TEST_F(PlanCacheTest, ReusesWhatARunLeft) {
  const Digest digest = remember_a();
  EXPECT_EQ(actions(), (std::vector<std::string>{"reuse", "run", "run"}));
  const auto plan = plan_workflow(spec_, *plan_sources(*store_, store_folder_, spec_));
  EXPECT_EQ(plan[0].saved.seconds, 30);
  EXPECT_EQ(plan[0].saved.gpu_seconds, 60);
  // A reused result must still be there.
  ContentStore artifacts(store_folder_);
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

// What is asked for runs anew, whatever is known of it; a fork goes on from a checkpoint.
TEST_F(PlanCacheTest, ADerivedRunReusesWhatStandsBeforeTheStage) {
  (void)remember_a();
  const auto derived = [&](const std::string& stage, std::optional<std::int64_t> checkpoint) {
    auto sources = plan_sources(*store_, store_folder_, spec_);
    EXPECT_TRUE(sources.ok());
    std::vector<std::string> list;
    for (const auto& planned :
         plan_workflow(spec_, derived_sources(std::move(*sources), stage, checkpoint)))
      list.emplace_back(to_string(planned.action));
    return list;
  };
  EXPECT_EQ(derived("a", {}), (std::vector<std::string>{"run", "run", "run"}));
  EXPECT_EQ(derived("b", {}), (std::vector<std::string>{"reuse", "run", "run"}));
  EXPECT_EQ(derived("b", 20), (std::vector<std::string>{"reuse", "continue", "run"}));
}

}  // namespace
}  // namespace cairn
