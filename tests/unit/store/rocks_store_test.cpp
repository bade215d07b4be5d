#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/unit/store/store_test.h"

namespace cairn {
namespace {

class RocksStore : public testing::StoreTest {};

TEST_F(RocksStore, KeepsJournalsSummariesAndCacheInOneSequence) {
  {
    auto store = open_rocks_store(folder_).value();
    EXPECT_EQ(store->append(batch("a", {"1", "2"})).value(), 1U);
    StoreBatch second = batch("b", {"3"});
    second.cache.push_back({"key", "value"});
    EXPECT_EQ(store->append(second).value(), 3U);
  }
  auto store = open_rocks_store(folder_).value();
  EXPECT_EQ(store->last_sequence(), 3U);
  EXPECT_EQ(store->append(batch("a", {"4"})).value(), 4U);
  EXPECT_EQ(records(*store, "a"), (std::vector<std::string>{"1", "2", "4"}));
  std::vector<std::uint64_t> later;
  ASSERT_TRUE(store
                  ->read_journal("a", 2,
                                 [&](std::uint64_t sequence, std::string_view bytes) {
                                   EXPECT_EQ(bytes, "4");
                                   later.push_back(sequence);
                                   return true;
                                 })
                  .ok());
  EXPECT_EQ(later, std::vector<std::uint64_t>{4});
  EXPECT_EQ(store->list_runs()->size(), 2U);
  EXPECT_EQ(store->find_cache("key")->value(), "value");
  EXPECT_FALSE(store->find_cache("other")->has_value());
  EXPECT_EQ(store->read_journal("c", 0, [](auto, auto) { return true; }).error().code,
            ErrorCode::kNotFound);
}

TEST_F(RocksStore, WhatWasAcknowledgedSurvivesKill) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = open_rocks_store(folder_).value();
    for (int i = 0;; ++i) {
      if (!store->append(batch("run", {std::to_string(i)})).ok()) ::_exit(1);
      if (::write(ends[1], &i, sizeof i) != static_cast<ssize_t>(sizeof i)) ::_exit(2);
    }
  }
  ::close(ends[1]);
  const auto size = static_cast<ssize_t>(sizeof(int));
  int acknowledged = 0;
  while (acknowledged < 40) ASSERT_EQ(::read(ends[0], &acknowledged, sizeof acknowledged), size);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  int more = 0;
  while (::read(ends[0], &more, sizeof more) == size) acknowledged = more;
  ::close(ends[0]);
  const std::vector<std::string> found = records(*open_rocks_store(folder_).value(), "run");
  ASSERT_GT(found.size(), static_cast<std::size_t>(acknowledged));
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], std::to_string(i));
}

// Whole batches, in order, none invented: wherever the log ends.
TEST_F(RocksStore, LogCutAtAnyByteGivesAPrefixOfBatches) {
  std::vector<std::vector<std::string>> batches;
  {
    auto store = open_rocks_store(folder_).value();
    for (int i = 0; i < 6; ++i) {
      batches.push_back({"first of " + std::to_string(i), "second of " + std::to_string(i)});
      ASSERT_TRUE(store->append(batch("run", batches.back())).ok());
    }
  }
  fs::path log;
  for (const auto& entry : fs::directory_iterator(folder_ / "journal")) {
    if (entry.path().extension() == ".log" && entry.file_size() > 0) log = entry.path();
  }
  ASSERT_FALSE(log.empty());
  const auto size = fs::file_size(log);
  const fs::path copy = folder_ / "copy";
  std::size_t before = 2 * batches.size();
  for (std::uintmax_t cut = 0; cut < std::min<std::uintmax_t>(size, 200); ++cut) {
    fs::remove_all(copy);
    fs::create_directories(copy);
    fs::copy(folder_ / "journal", copy / "journal", fs::copy_options::recursive);
    fs::resize_file(copy / "journal" / log.filename(), size - cut);
    auto store = open_rocks_store_read_only(copy);
    ASSERT_TRUE(store.ok()) << cut << ": " << store.error().to_string();
    const std::vector<std::string> found = records(**store, "run");
    if (cut == 0) {
      ASSERT_EQ(found.size(), before);
    }
    ASSERT_EQ(found.size() % 2, 0U) << "half a batch at cut " << cut;
    ASSERT_LE(found.size(), before);
    before = found.size();
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], batches[i / 2][i % 2]);
    if (cut % 20 != 3) continue;
    store->reset();
    auto writer = open_rocks_store(copy);
    ASSERT_TRUE(writer.ok()) << cut << ": " << writer.error().to_string();
    ASSERT_EQ((*writer)->append(batch("run", {"next"})).value(), before + 1) << "it goes on";
  }
  EXPECT_LT(before, 2 * batches.size());
}

TEST_F(RocksStore, ForgottenRunsGoAndTheirNeighboursStay) {
  auto store = open_rocks_store(folder_).value();
  for (const char* run : {"a", "ab", "b"}) {
    StoreBatch first = batch(run, {"1", "2"});
    first.snapshots.push_back({run, std::string("snapshot of ") + run});
    first.cache.push_back({run, "cached"});
    ASSERT_TRUE(store->append(first).ok());
  }
  StoreBatch forget;
  forget.forgotten = {"a"};
  forget.uncached = {"b"};
  ASSERT_TRUE(store->append(forget).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(records(*store, "a").empty());
    EXPECT_FALSE(store->find_snapshot("a")->has_value());
    EXPECT_EQ(store->list_runs()->size(), 2U);
    EXPECT_EQ(records(*store, "ab").size(), 2U);
    EXPECT_EQ(store->find_snapshot("ab")->value(), "snapshot of ab");
    std::vector<std::string> keys;
    ASSERT_TRUE(store
                    ->read_cache([&](std::string_view key, std::string_view bytes) {
                      EXPECT_EQ(bytes, "cached");
                      keys.emplace_back(key);
                      return true;
                    })
                    .ok());
    EXPECT_EQ(keys, (std::vector<std::string>{"a", "ab"}));
    EXPECT_EQ(store->last_sequence(), 6U) << "numbers are never given twice";
    store.reset();
    store = open_rocks_store(folder_).value();
  }
  // A batch forgets first and writes then.
  StoreBatch anew = batch("ab", {"new"});
  anew.forgotten = {"ab"};
  ASSERT_EQ(store->append(anew).value(), 7U);
  EXPECT_EQ(records(*store, "ab"), std::vector<std::string>{"new"});
}

TEST_F(RocksStore, ReadingStopsWhenTheCallbackSaysSo) {
  auto store = open_rocks_store(folder_).value();
  ASSERT_TRUE(store->append(batch("run", {"1", "2", "3"})).ok());
  int seen = 0;
  ASSERT_TRUE(store->read_journal("run", 0, [&](auto, auto) { return ++seen < 2; }).ok());
  EXPECT_EQ(seen, 2);
  ASSERT_TRUE(store->read_journal("run", UINT64_MAX, [&](auto, auto) { return ++seen < 9; }).ok());
  EXPECT_EQ(seen, 2);
}

TEST_F(RocksStore, StoreOfFormatOneIsReadAndBecomesTwoWithTheFirstWrite) {
  const fs::path path = folder_ / "journal";
  const auto put = [&](std::vector<std::pair<std::string, std::string>> pairs) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, path.string(), &raw).ok());
    for (const auto& [key, bytes] : pairs) ASSERT_TRUE(raw->Put({}, key, bytes).ok());
    delete raw;
  };
  const std::string zeros(7, '\0');
  put({{"m/format", "1"},
       {"r/old", "summary"},
       {"r/other", "summary"},
       {"j/old/" + zeros + "\x05", "five"},
       {"j/other/" + zeros + "\x09", "nine"}});
  const auto format = [&] {
    rocksdb::DB* raw = nullptr;
    EXPECT_TRUE(rocksdb::DB::OpenForReadOnly({}, path.string(), &raw).ok());
    std::string text;
    EXPECT_TRUE(raw->Get({}, "m/format", &text).ok());
    delete raw;
    return text;
  };
  EXPECT_EQ(open_rocks_store_read_only(folder_).value()->last_sequence(), 9U);
  {
    auto store = open_rocks_store(folder_).value();
    EXPECT_EQ(store->last_sequence(), 9U);
    EXPECT_EQ(records(*store, "old"), std::vector<std::string>{"five"});
  }
  EXPECT_EQ(format(), "1") << "nothing was written";
  {
    auto store = open_rocks_store(folder_).value();
    StoreBatch cached;
    cached.cache.push_back({"key", "value"});
    ASSERT_TRUE(store->append(cached).ok());
  }
  EXPECT_EQ(format(), "2");
  auto store = open_rocks_store(folder_).value();
  EXPECT_EQ(store->last_sequence(), 9U);
  EXPECT_EQ(store->append(batch("old", {"ten"})).value(), 10U);
}

TEST_F(RocksStore, CopyIsWhatWasDurable) {
  auto store = open_rocks_store(folder_ / "state").value();
  ASSERT_TRUE(store->append(batch("run", {"1", "2"})).ok());
  const fs::path copy = folder_ / "copy";
  ASSERT_TRUE(store->copy_to(copy.string()).ok());
  EXPECT_EQ(store->copy_to(copy.string()).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(store->append(batch("run", {"3"})).ok());
  auto copied = open_rocks_store(copy).value();
  EXPECT_EQ(records(*copied, "run"), (std::vector<std::string>{"1", "2"}));
  EXPECT_TRUE(copied->verify().ok());
  EXPECT_EQ(copied->append(batch("run", {"other"})).value(), 3U);
  EXPECT_EQ(records(*store, "run").back(), "3");
}

TEST_F(RocksStore, SecondWriterIsToldWhoHoldsIt) {
  auto store = open_rocks_store(folder_).value();
  const auto second = open_rocks_store(folder_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
  EXPECT_EQ(store_holder(folder_), std::optional<long>(::getpid()));
  store.reset();
  EXPECT_EQ(store_holder(folder_), std::nullopt);
  EXPECT_TRUE(open_rocks_store(folder_).ok());
}

TEST_F(RocksStore, ReaderSeesWhatIsDurableAndWritesNothing) {
  EXPECT_EQ(open_rocks_store_read_only(folder_).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(fs::is_empty(folder_));
  auto store = open_rocks_store(folder_).value();
  EXPECT_EQ(open_rocks_store_read_only(folder_).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(store->append(batch("run", {"1"})).ok());
  auto reader = open_rocks_store_read_only(folder_).value();
  EXPECT_EQ(records(*reader, "run"), std::vector<std::string>{"1"});
  EXPECT_EQ(reader->append(batch("run", {"2"})).error().code, ErrorCode::kConflict);
}

TEST_F(RocksStore, NewerFormatIsRefusedNamingThePath) {
  ASSERT_TRUE(open_rocks_store(folder_).value()->append(batch("run", {"1"})).ok());
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, (folder_ / "journal").string(), &raw).ok());
  ASSERT_TRUE(raw->Put({}, "m/format", "99").ok());
  delete raw;
  for (const bool reading : {false, true}) {
    const auto store = reading ? open_rocks_store_read_only(folder_) : open_rocks_store(folder_);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(store.error().message.find(folder_.string()), std::string::npos);
    EXPECT_FALSE(store.error().hint.empty());
  }
}

TEST_F(RocksStore, FolderThatCannotBeMadeIsNamed) {
  const fs::path file = folder_ / "file";
  ASSERT_TRUE(real_file_system().write_atomic(file, "x").ok());
  const auto store = open_rocks_store(file / "state");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, ErrorCode::kIo);
  EXPECT_NE(store.error().message.find((file / "state").string()), std::string::npos);
}

}  // namespace
}  // namespace cairn
