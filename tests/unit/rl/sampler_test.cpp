#include "plugins/lib/rl/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace cairn::rl {
namespace {

std::vector<std::string> tasks_of(std::initializer_list<std::pair<const char*, int>> counts) {
  std::vector<std::string> tasks;
  for (const auto& [task, count] : counts)
    tasks.insert(tasks.end(), static_cast<std::size_t>(count), task);
  return tasks;
}

BalancedSampler sampler_of(const std::vector<std::string>& tasks, std::size_t batch) {
  return BalancedSampler::create(tasks, batch, 11).value();
}

TEST(BalancedSampler, NoSampleTwiceInABatchAndDrawsStayLevel) {
  const auto tasks = tasks_of({{"dialogue", 7}, {"multihop", 5}, {"numerical", 23}});
  auto sampler = sampler_of(tasks, 13);
  std::map<std::size_t, int> draws;
  for (int step = 0; step < 200; ++step) {
    const auto batch = sampler.next();
    ASSERT_EQ(batch.size(), 13u);
    EXPECT_EQ(std::set<std::size_t>(batch.begin(), batch.end()).size(), batch.size());
    std::map<std::string, int> counts;
    for (std::size_t sample : batch) {
      ++draws[sample];
      ++counts[tasks[sample]];
    }
    EXPECT_EQ(counts["dialogue"], 5);
    EXPECT_EQ(counts["multihop"], 4);
    EXPECT_EQ(counts["numerical"], 4);
    for (const auto& [first, last] : {std::pair{0, 7}, std::pair{7, 12}, std::pair{12, 35}}) {
      int low = 1 << 30;
      int high = 0;
      for (int i = first; i < last; ++i) {
        low = std::min(low, draws[static_cast<std::size_t>(i)]);
        high = std::max(high, draws[static_cast<std::size_t>(i)]);
      }
      EXPECT_LE(high - low, 1);
    }
  }
}

TEST(BalancedSampler, RestoringContinuesTheSameSeries) {
  const auto tasks = tasks_of({{"a", 6}, {"b", 9}});
  auto reference = sampler_of(tasks, 5);
  for (int step = 0; step < 40; ++step) {
    auto resumed = sampler_of(tasks, 5);
    ASSERT_TRUE(resumed.restore(reference.state()).ok());
    auto copy = reference;
    for (int ahead = 0; ahead < 4; ++ahead) EXPECT_EQ(resumed.next(), copy.next());
    (void)reference.next();
  }
}

TEST(BalancedSampler, StateOfAnotherDatasetIsRefused) {
  auto small = sampler_of(tasks_of({{"a", 6}, {"b", 9}}), 4);
  auto large = sampler_of(tasks_of({{"a", 7}, {"b", 9}}), 4);
  EXPECT_FALSE(large.restore(small.state()).ok());
  EXPECT_FALSE(large.restore({{"batches", 1}}).ok());
}

TEST(BalancedSampler, BatchSmallerThanTasksIsAnError) {
  const auto failed = BalancedSampler::create(tasks_of({{"a", 6}, {"b", 9}}), 1, 0);
  ASSERT_FALSE(failed.ok());
  EXPECT_FALSE(BalancedSampler::create({}, 4, 0).ok());
}

}  // namespace
}  // namespace cairn::rl
