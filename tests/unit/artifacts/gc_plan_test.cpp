#include "core/artifacts/gc_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace cairn {
namespace {

WallTime at(int minute) {
  return WallTime(std::chrono::minutes(minute));
}

Digest name(int i) {
  return digest_of(std::to_string(i));
}

StoredArtifact artifact(int i, std::uint64_t bytes) {
  return {name(i), bytes, at(i)};
}

std::set<Digest> removed(const GcPlan& plan) {
  std::set<Digest> digests;
  for (const GcRemoval& removal : plan.remove) digests.insert(removal.digest);
  return digests;
}

std::string because(const GcPlan& plan, const Digest& digest) {
  for (const GcRemoval& removal : plan.remove) {
    if (removal.digest == digest) return removal.because;
  }
  return "it stays";
}

TEST(GcPlan, TakesWhatNothingNames) {
  GcInput input;
  input.artifacts = {artifact(1, 10), artifact(2, 20), artifact(3, 30), artifact(4, 40)};
  input.results = {{name(1), "run", "a", true, {}}, {name(2), "old", "a", false, {}}};
  input.cache = {{"key", {name(3)}, at(0)}};
  const GcPlan plan = plan_garbage_collection(input);
  EXPECT_EQ(removed(plan), std::set<Digest>{name(4)});
  EXPECT_EQ(because(plan, name(4)), "no run and no cached result names it");
  EXPECT_EQ(plan.freed_bytes, 40U);
  EXPECT_EQ(plan.kept_bytes, 60U);
  EXPECT_EQ(plan.kept_needed, 1U);
  EXPECT_EQ(plan.kept_results, 1U);
  EXPECT_EQ(plan.kept_cached, 1U);
  EXPECT_TRUE(plan.uncache.empty());
}

TEST(GcPlan, QuotaTakesTheOldestCachedResultsAndNoMoreThanItMust) {
  GcInput input;
  input.artifacts = {artifact(1, 100), artifact(2, 100), artifact(3, 100), artifact(4, 100)};
  input.results = {{name(1), "run", "a", true, {}}};
  input.cache = {{"needed", {name(1)}, at(0)},
                 {"young", {name(2)}, at(9)},
                 {"old", {name(3)}, at(1)},
                 {"middle", {name(4)}, at(5)}};
  input.quota = 250;
  const GcPlan plan = plan_garbage_collection(input);
  EXPECT_EQ(removed(plan), (std::set<Digest>{name(3), name(4)}));
  EXPECT_EQ(plan.uncache, (std::vector<std::string>{"middle", "old"}));
  EXPECT_EQ(because(plan, name(3)), "cached, and above the quota");
  EXPECT_EQ(plan.above_quota, 0U);
  input.quota = 0;
  const GcPlan all = plan_garbage_collection(input);
  EXPECT_FALSE(removed(all).contains(name(1))) << "a run can be resumed with it";
  EXPECT_EQ(all.above_quota, 100U);
  EXPECT_EQ(all.uncache, (std::vector<std::string>{"middle", "old", "young"}));
}

TEST(GcPlan, ResultsOfRunsAreNotFreedByAQuota) {
  GcInput input;
  input.artifacts = {artifact(1, 100)};
  input.results = {{name(1), "finished", "train", false, {}}};
  input.cache = {{"key", {name(1)}, at(0)}};
  input.quota = 1;
  const GcPlan plan = plan_garbage_collection(input);
  EXPECT_TRUE(plan.remove.empty());
  EXPECT_TRUE(plan.uncache.empty()) << "that would free nothing";
  EXPECT_EQ(plan.above_quota, 99U);
}

TEST(GcPlan, KeepsTheBestAndWhatCanBeResumed) {
  GcInput input;
  for (int i = 1; i <= 5; ++i) {
    input.artifacts.push_back(artifact(i, 10));
    input.results.push_back(
        {name(i), "run" + std::to_string(i), "train", i == 1, {{"reward", i * 0.1}}});
  }
  input.artifacts.push_back(artifact(6, 10));
  input.results.push_back({name(6), "run6", "report", false, {}});
  input.artifacts.push_back(artifact(7, 10));
  input.results.push_back({name(7), "run7", "train", false, {{"reward", std::nan("")}}});
  input.cache = {{"beaten", {name(2)}, at(1)}};
  input.keep_best = {{"reward", 2, false}};
  const GcPlan plan = plan_garbage_collection(input);
  EXPECT_EQ(removed(plan), (std::set<Digest>{name(2), name(3), name(7)}));
  EXPECT_EQ(because(plan, name(2)), "not among the best 2 by reward");
  EXPECT_EQ(plan.uncache, std::vector<std::string>{"beaten"});
  EXPECT_EQ(plan.kept_needed, 1U);
  EXPECT_EQ(plan.kept_best, 2U);
  EXPECT_EQ(plan.kept_results, 1U) << "no rule is about the report";
  input.keep_best = {{"reward", 1, true}};
  EXPECT_EQ(because(plan_garbage_collection(input), name(5)), "not among the best 1 by reward");
}

TEST(GcPlan, EntryThatLostAnArtifactGoesWithTheOthers) {
  GcInput input;
  input.artifacts = {artifact(1, 10), artifact(2, 20)};
  input.cache = {{"lost", {name(1), name(9)}, at(1)}, {"whole", {name(2)}, at(1)}};
  const GcPlan plan = plan_garbage_collection(input);
  EXPECT_EQ(removed(plan), std::set<Digest>{name(1)});
  EXPECT_EQ(plan.uncache, std::vector<std::string>{"lost"});
}

GcInput random_input(std::mt19937& random) {
  const auto draw = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  GcInput input;
  const int artifacts = draw(12);
  for (int i = 0; i < artifacts; ++i) {
    input.artifacts.push_back(artifact(i, 1 + static_cast<std::uint64_t>(draw(100))));
  }
  for (int i = draw(12); i > 0; --i) {
    GcResult result{name(draw(14)), "run" + std::to_string(draw(5)), "s", draw(3) == 0, {}};
    if (draw(2) == 0) result.metrics["loss"] = draw(4);
    if (draw(3) == 0) result.metrics["reward"] = draw(4);
    input.results.push_back(result);
  }
  for (int i = draw(10); i > 0; --i) {
    GcCacheEntry entry{"key" + std::to_string(i), {}, at(draw(5))};
    for (int j = draw(3); j >= 0; --j) entry.digests.push_back(name(draw(13)));
    input.cache.push_back(entry);
  }
  if (draw(2) == 0) input.quota = draw(400);
  if (draw(3) == 0) input.keep_best.push_back({"loss", static_cast<std::size_t>(draw(3)), true});
  if (draw(3) == 0) input.keep_best.push_back({"reward", 1, false});
  return input;
}

TEST(GcPlan, InvariantsHoldForRandomStores) {
  std::mt19937 random(7);  // NOLINT: the same stores every time
  std::size_t removals = 0;
  for (int seed = 0; seed < 5000; ++seed) {
    GcInput input = random_input(random);
    const GcPlan plan = plan_garbage_collection(input);
    const std::set<Digest> gone = removed(plan);
    removals += gone.size();
    ASSERT_EQ(gone.size(), plan.remove.size()) << "each once";
    std::uint64_t all = 0;
    for (const StoredArtifact& stored : input.artifacts) all += stored.bytes;
    ASSERT_EQ(plan.kept_bytes + plan.freed_bytes, all);
    ASSERT_EQ(
        gone.size() + plan.kept_needed + plan.kept_best + plan.kept_results + plan.kept_cached,
        input.artifacts.size());
    if (input.quota) {
      ASSERT_LE(plan.kept_bytes, *input.quota + plan.above_quota);
    }
    for (const GcResult& result : input.results) {
      ASSERT_FALSE(result.needed && gone.contains(result.digest)) << "seed " << seed;
      ASSERT_TRUE(!input.keep_best.empty() || !gone.contains(result.digest));
    }
    const std::set<std::string> uncached(plan.uncache.begin(), plan.uncache.end());
    for (const GcCacheEntry& entry : input.cache) {
      if (uncached.contains(entry.key)) continue;
      for (const Digest& digest : entry.digests) {
        ASSERT_FALSE(gone.contains(digest)) << "an entry stays without its artifact";
      }
    }
    if (plan.above_quota > 0) {
      ASSERT_EQ(plan.kept_cached, 0U) << "something could still have been freed";
    }
    GcInput shuffled = input;
    std::shuffle(shuffled.artifacts.begin(), shuffled.artifacts.end(), random);
    std::shuffle(shuffled.results.begin(), shuffled.results.end(), random);
    std::shuffle(shuffled.cache.begin(), shuffled.cache.end(), random);
    const GcPlan again = plan_garbage_collection(shuffled);
    ASSERT_EQ(removed(again), gone);
    ASSERT_EQ(again.uncache, plan.uncache);
    for (const GcResumable& run : plan.resumable) {
      const bool all_stay =
          std::none_of(input.results.begin(), input.results.end(), [&](const GcResult& result) {
            return result.run == run.run && result.needed && gone.contains(result.digest);
          });
      ASSERT_TRUE(all_stay) << run.run;
      ASSERT_GT(run.artifacts + run.missing, 0U);
    }
    if (!plan.remove.empty()) {
      GcPlan spared = plan;
      spare(spared, {plan.remove.front().digest, "another"});
      ASSERT_EQ(spared.remove.size() + 1, plan.remove.size());
      ASSERT_EQ(spared.kept_in_use, 1U);
      ASSERT_EQ(spared.freed_bytes + plan.remove.front().bytes, plan.freed_bytes);
      ASSERT_EQ(spared.freed_bytes + spared.kept_bytes, plan.freed_bytes + plan.kept_bytes);
    }
    // What stays is what a second collection keeps.
    std::erase_if(input.artifacts, [&](const auto& a) { return gone.contains(a.digest); });
    std::erase_if(input.cache, [&](const auto& e) { return uncached.contains(e.key); });
    const GcPlan second = plan_garbage_collection(input);
    ASSERT_TRUE(!input.keep_best.empty() || second.remove.empty()) << "seed " << seed;
  }
  EXPECT_GT(removals, 5000U);
}

}  // namespace
}  // namespace cairn
