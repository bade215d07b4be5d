// What run_store.h promises, of every store.
#include <functional>

#include "core/testing/memory_run_store.h"
#include "tests/unit/store/store_test.h"

namespace cairn {
namespace {

using testing::MemoryRunStore;

class EveryStore : public testing::StoreTest, public ::testing::WithParamInterface<bool> {
 protected:
  EveryStore() {
    if (GetParam()) {
      store_ = open_rocks_store(folder_).value();
    } else {
      store_ = std::make_unique<MemoryRunStore>();
    }
  }
  std::unique_ptr<RunStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, EveryStore, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Rocks" : "Memory"; });

TEST_P(EveryStore, NumbersRecordsOfAllRunsByOneSequence) {
  EXPECT_EQ(store_->append(batch("a", {"1", "2"})).value(), 1U);
  EXPECT_EQ(store_->append(batch("b", {"3"})).value(), 3U);
  EXPECT_EQ(store_->append(batch("a", {"4"})).value(), 4U);
  EXPECT_EQ(store_->last_sequence(), 4U);
  std::vector<std::pair<std::uint64_t, std::string>> later;
  const auto read = store_->read_journal("a", 1, [&](std::uint64_t sequence, std::string_view b) {
    later.emplace_back(sequence, b);
    return true;
  });
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(later, (std::vector<std::pair<std::uint64_t, std::string>>{{2, "2"}, {4, "4"}}));
  EXPECT_EQ(store_->read_journal("c", 0, [](auto, auto) { return true; }).error().code,
            ErrorCode::kNotFound);
  const auto runs = store_->list_runs();
  ASSERT_TRUE(runs.ok());
  ASSERT_EQ(runs->size(), 2U);
  EXPECT_EQ(runs->at(0).run, "a");
  EXPECT_EQ(runs->at(1).bytes, "summary of b");
}

TEST_P(EveryStore, LastValueOfAKeyCounts) {
  StoreBatch batch;
  batch.snapshots = {{"run", "old"}, {"run", "new"}};
  batch.cache = {{"b", "2"}, {"a", "1"}};
  ASSERT_TRUE(store_->append(batch).ok());
  EXPECT_EQ(store_->find_snapshot("run")->value(), "new");
  EXPECT_EQ(store_->find_snapshot("other").value(), std::nullopt);
  EXPECT_EQ(store_->find_cache("a")->value(), "1");
  std::string keys;
  ASSERT_TRUE(store_
                  ->read_cache([&](std::string_view key, std::string_view) {
                    keys += key;
                    return true;
                  })
                  .ok());
  EXPECT_EQ(keys, "ab");
}

TEST_P(EveryStore, ForgetsFirstAndWritesThen) {
  ASSERT_TRUE(store_->append(batch("run", {"1", "2"})).ok());
  ASSERT_TRUE(store_->append(batch("runner", {"3"})).ok());
  StoreBatch anew = batch("run", {"4"});
  anew.forgotten = {"run", "unknown"};
  anew.uncached = {"unknown"};
  EXPECT_EQ(store_->append(anew).value(), 4U);
  EXPECT_EQ(records(*store_, "run"), std::vector<std::string>{"4"});
  EXPECT_EQ(records(*store_, "runner"), std::vector<std::string>{"3"});
  StoreBatch forget;
  forget.forgotten = {"run"};
  ASSERT_TRUE(store_->append(forget).ok());
  EXPECT_EQ(store_->list_runs()->size(), 1U);
  EXPECT_EQ(store_->last_sequence(), 4U);
  EXPECT_TRUE(store_->verify().ok());
}

TEST_P(EveryStore, EmptyBatchIsNoChange) {
  ASSERT_TRUE(store_->append(batch("run", {"1"})).ok());
  EXPECT_EQ(store_->append({}).value(), 2U) << "the next record's sequence";
  EXPECT_EQ(store_->last_sequence(), 1U);
}

class MemoryStore : public testing::StoreTest {
 protected:
  std::string content() const {
    std::string text = std::to_string(store_.last_sequence());
    const std::vector<RunSummary> runs = store_.list_runs().value();
    for (const RunSummary& run : runs) {
      text += " " + run.run + "=" + run.bytes + ":";
      for (const std::string& record : records(store_, run.run)) text += record;
      text += store_.find_snapshot(run.run)->value_or("-");
    }
    static_cast<void>(store_.read_cache([&](std::string_view key, std::string_view bytes) {
      text += " " + std::string(key) + "=" + std::string(bytes);
      return true;
    }));
    return text;
  }
  MemoryRunStore store_;
};

TEST_F(MemoryStore, CrashKeepsTheBatchInFlightAsAWholeOrNotAtAll) {
  for (const bool durable : {false, true}) {
    const std::string before = content();
    store_.crash_at(2, durable);
    ASSERT_TRUE(store_.append(batch("a", {"1"})).ok());
    const std::string acknowledged = content();
    EXPECT_NE(acknowledged, before);
    EXPECT_FALSE(store_.append(batch("a", {"2", "3"})).ok());
    EXPECT_TRUE(store_.crashed());
    EXPECT_FALSE(store_.append(batch("a", {"4"})).ok()) << "the writer is dead";
    store_.revive();
    EXPECT_EQ(content() == acknowledged, !durable);
    EXPECT_EQ(records(store_, "a").size() % 2, durable ? 0U : 1U);
  }
}

TEST_F(MemoryStore, FullDiskKeepsNothingAndWorksWithSpaceAgain) {
  ASSERT_TRUE(store_.append(batch("a", {"1"})).ok());
  const std::string before = content();
  store_.fill_disk_at(1);
  for (int i = 0; i < 2; ++i) {
    const auto refused = store_.append(batch("a", {"2"}));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
    EXPECT_NE(refused.error().hint.find("space"), std::string::npos);
  }
  EXPECT_EQ(content(), before);
  store_.free_space();
  EXPECT_EQ(store_.append(batch("a", {"2"})).value(), 2U);
}

TEST_F(MemoryStore, LyingDiskLosesTheLastBatchesAsAWhole) {
  store_.lose_at_crash(3);
  std::vector<std::string> contents;
  const auto step = [&](StoreBatch next) {
    contents.push_back(content());
    ASSERT_TRUE(store_.append(next).ok());
  };
  step(batch("a", {"1"}));
  StoreBatch values = batch("a", {"2"});
  values.snapshots = {{"a", "old"}};
  values.cache = {{"key", "old"}};
  step(values);
  StoreBatch forget;
  forget.forgotten = {"a"};
  forget.uncached = {"key"};
  step(forget);
  step(batch("a", {"3"}));
  StoreBatch again = batch("a", {"4", "5"});
  again.cache = {{"key", "new"}, {"key", "newer"}};
  again.forgotten = {"a"};
  step(again);
  store_.crash_at(1, false);
  EXPECT_FALSE(store_.append(batch("a", {"6"})).ok());
  store_.revive();
  EXPECT_EQ(store_.lost_batches(), 3U);
  EXPECT_EQ(content(), contents[2]);
  EXPECT_EQ(store_.append(batch("a", {"next"})).value(), 3U);
}

}  // namespace
}  // namespace cairn
