#include "core/store/rocks_store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace cairn {
namespace {

class RocksStore : public ::testing::Test {
 protected:
  RocksStore() : folder_(make_private_folder(fs::temp_directory_path(), "cairn-store-").value()) {}
  ~RocksStore() override { fs::remove_all(folder_); }

  static StoreBatch batch(const std::string& run, std::vector<std::string> records) {
    StoreBatch batch;
    for (std::string& record : records) batch.journal.push_back({run, std::move(record)});
    batch.summaries.push_back({run, "summary of " + run});
    return batch;
  }

  static std::vector<std::string> records(const RunStore& store, const std::string& run) {
    std::vector<std::string> bytes;
    const auto journal = store.read_journal(run);
    if (journal.ok()) {
      for (const JournalRecord& record : *journal) bytes.push_back(record.bytes);
    }
    return bytes;
  }

  fs::path folder_;
};

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
  const auto later = store->read_journal("a", 2).value();
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].sequence, 4U);
  EXPECT_EQ(store->list_runs()->size(), 2U);
  EXPECT_EQ(store->find_cache("key")->value(), "value");
  EXPECT_FALSE(store->find_cache("other")->has_value());
  EXPECT_EQ(store->read_journal("c").error().code, ErrorCode::kNotFound);
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
  ASSERT_TRUE(store->append(batch("run", {"1"})).ok());
  auto reader = open_rocks_store_read_only(folder_).value();
  EXPECT_EQ(records(*reader, "run"), std::vector<std::string>{"1"});
  EXPECT_EQ(reader->append(batch("run", {"2"})).error().code, ErrorCode::kConflict);
}

TEST_F(RocksStore, NewerFormatIsRefusedNamingThePath) {
  open_rocks_store(folder_).value().reset();
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
