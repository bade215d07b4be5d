#include "core/server/collect.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "core/engine/cache_key.h"
#include "core/server/run_control.h"
#include "tests/unit/engine/engine_harness.h"

namespace cairn {
namespace {

using testing::Lab;
using testing::stage;
using testing::workflow;

TEST(Collect, ReadsWhatToKeep) {
  const auto rule = parse_keep_best("reward_mean:3");
  ASSERT_TRUE(rule.ok());
  EXPECT_EQ(rule->metric, "reward_mean");
  EXPECT_EQ(rule->k, 3U);
  EXPECT_FALSE(rule->smallest);
  EXPECT_TRUE(parse_keep_best("-loss:1")->smallest);
  EXPECT_EQ(parse_keep_best("a:b:2")->metric, "a:b");
  for (const char* wrong : {"loss", "loss:", "loss:0", "loss:x", ":3", "-:3", "loss:1 "})
    EXPECT_FALSE(parse_keep_best(wrong).ok()) << wrong;
}

// The scheduler on simulated disk and hosts; artifacts lie in a real folder.
class Garbage : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = make_private_folder(fs::temp_directory_path(), "cairn-garbage-");
    ASSERT_TRUE(folder.ok());
    folder_ = *folder;
    artifacts_.emplace(folder_);
  }
  void TearDown() override {
    for (const auto& entry : fs::recursive_directory_iterator(folder_))
      fs::permissions(entry.path(), fs::perms::owner_all);
    fs::remove_all(folder_);
  }

  Digest publish(const std::string& bytes) {
    std::ofstream(folder_ / "made", std::ios::binary) << bytes;
    return artifacts_->publish(folder_ / "made").value().digest;
  }
  void remember(const std::string& key, const Digest& digest) {
    CacheEntry entry;
    entry.outputs.emplace_back().set_digest(digest);
    StoreBatch batch;
    batch.cache.push_back({key, encode_cache_entry(entry)});
    ASSERT_TRUE(lab_.store.append(batch).ok());
  }
  void forget_all() {
    StoreBatch batch;
    ASSERT_TRUE(lab_.store
                    .read_cache([&](std::string_view key, std::string_view) {
                      batch.uncached.emplace_back(key);
                      return true;
                    })
                    .ok());
    ASSERT_TRUE(lab_.store.append(batch).ok());
  }
  // While this thread drives the engine.
  json::object collect(std::uint64_t quota) {
    EngineControl control(*lab_.scheduler, lab_.store, *artifacts_, {"test", folder_, "here"});
    auto collected = std::async(std::launch::async, [&] {
      return control.collect({false, quota, {}});
    });
    while (collected.wait_for(std::chrono::seconds(0)) != std::future_status::ready) lab_.poll();
    const auto result = collected.get();
    EXPECT_TRUE(result.ok()) << result.error().to_string();
    return result.ok() ? *result : json::object();
  }

  fs::path folder_;
  std::optional<ContentStore> artifacts_;
  Lab lab_;
};

TEST_F(Garbage, WithoutSpaceToForgetWhatTheCacheNamesStays) {
  const Digest nobodys = publish("nobody's");
  const Digest cached = publish("cached");
  remember("key", cached);
  lab_.store.fill_disk_at(1);
  const json::object first = collect(1);
  EXPECT_FALSE(artifacts_->contains(nobodys));
  EXPECT_TRUE(artifacts_->contains(cached));
  EXPECT_EQ(first.at("problems").as_array().size(), 1U);
  EXPECT_EQ(first.at("uncached"), json::value(0));
  lab_.store.free_space();
  EXPECT_FALSE(collect(1).contains("problems"));
  EXPECT_FALSE(artifacts_->contains(cached));
}

// The engine has taken the report, and cannot write it down yet.
TEST_F(Garbage, AResultThatWaitsForSpaceStays) {
  const auto spec = workflow({stage("a", {}, 1)});
  const std::string first = lab_.scheduler->submit(spec, {}).value();
  lab_.run_to_end(first);
  const Digest digest = lab_.task(first, "a").outputs.at(0).digest();
  ASSERT_EQ(publish(lab_.artifacts.read(digest).value()), digest);
  ASSERT_TRUE(lab_.scheduler->remove(first).ok());
  forget_all();

  const std::string second = lab_.scheduler->submit(spec, {}).value();
  const auto drive = [&](const auto& until) {
    for (int i = 0; i < 1000 && !until(); ++i) {
      lab_.poll();
      for (const std::string& host : lab_.world.living()) lab_.world.act(host);
    }
    return until();
  };
  const std::string task = "runs/" + second + "/a";
  ASSERT_TRUE(drive([&] { return lab_.world.steps_worked[task] == 1; }));
  lab_.poll();
  lab_.store.fill_disk_at(1);
  drive([&] { return lab_.scheduler->stall().has_value(); });
  ASSERT_TRUE(lab_.scheduler->stall());
  ASSERT_EQ(lab_.task(second, "a").phase, TaskPhase::kSucceeded);
  const json::object plan = collect(0);
  EXPECT_TRUE(artifacts_->contains(digest));
  EXPECT_EQ(plan.at("kept_because").as_object().at("in_use"), json::value(1));
  lab_.store.free_space();
  lab_.run_to_end(second);
  EXPECT_EQ(lab_.state(second).status, RunStatus::kSucceeded);
}

}  // namespace
}  // namespace cairn
