// Disk faults under real RocksDB: refuse loudly, lose nothing acknowledged, and go on once there
// is space.
#include <fstream>

#include "core/store/log_check.h"
#include "core/store/rocks_store_on.h"
#include "core/store/testing/fault_disk.h"
#include "tests/unit/store/store_test.h"

namespace cairn {
namespace {

using testing::FaultDisk;
using Fault = FaultDisk::Fault;
using Operation = FaultDisk::Operation;

class StoreFaults : public testing::StoreTest {
 protected:
  std::unique_ptr<RunStore> open() { return open_rocks_store_on(folder_, disk_).value(); }

  // Appends and remembers what was acknowledged.
  Result<std::uint64_t> append(RunStore& store, const std::string& record) {
    auto appended = store.append(batch("run", {record}));
    if (appended.ok()) acknowledged_.push_back(record);
    return appended;
  }

  void expect_kept(const RunStore& store) {
    EXPECT_EQ(records(store, "run"), acknowledged_);
    EXPECT_EQ(store.last_sequence(), acknowledged_.size());
  }

  static void flip(const fs::path& path, std::uint64_t byte, int bit) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(byte));
    const int old = file.get();
    file.seekp(static_cast<std::streamoff>(byte));
    file.put(static_cast<char>(old ^ 1 << bit));
  }

  std::shared_ptr<FaultDisk> disk_ = std::make_shared<FaultDisk>();
  std::vector<std::string> acknowledged_;
};

TEST_F(StoreFaults, FullDiskKeepsNothingOfTheBatchAndGoesOnWithSpace) {
  auto store = open();
  ASSERT_TRUE(append(*store, "before").ok());
  for (const Operation operation : {Operation::kWrite, Operation::kSync}) {
    disk_->fail(operation, 1, Fault::kNoSpace);
    StoreBatch big = batch("run", {std::string(100'000, 'x')});
    big.cache.push_back({"key", "value"});
    const auto refused = store->append(big);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
    EXPECT_NE(refused.error().hint.find("space"), std::string::npos);
    expect_kept(*store);
    EXPECT_FALSE(store->find_cache("key")->has_value());
    if (operation == Operation::kWrite) {
      EXPECT_FALSE(store->append(big).ok()) << "there is still no space";
    }
    disk_->heal();
    const auto after = append(*store, "after");
    ASSERT_TRUE(after.ok()) << after.error().to_string();
    expect_kept(*store);
  }
  store.reset();
  store = open();
  expect_kept(*store);
  EXPECT_TRUE(store->verify().ok());
}

// Wherever the disk fills: in a log, in a table made in the background, in the manifest.
TEST_F(StoreFaults, DiskThatFillsAtAnyChangeLosesNothingAcknowledged) {
  const std::string filler(700'000, 'f');
  int refused = 0;
  for (int at = 1; at < 120; at += 1 + at / 4) {
    fs::remove_all(folder_ / "journal");
    acknowledged_.clear();
    {
      auto store = open();
      disk_->fail(Operation::kWrite, at, Fault::kNoSpace);
      for (int i = 0; i < 26; ++i) {
        const auto appended = append(*store, std::to_string(i) + filler);
        if (appended.ok()) continue;
        ++refused;
        ASSERT_EQ(appended.error().code, ErrorCode::kResourceExhausted)
            << appended.error().to_string();
        expect_kept(*store);
        disk_->heal();
        ASSERT_TRUE(append(*store, std::to_string(i)).ok()) << "at " << at;
      }
      expect_kept(*store);
    }
    disk_->heal();
    expect_kept(*open());
  }
  EXPECT_GT(refused, 8);
}

TEST_F(StoreFaults, FullDiskAtOpeningIsAnError) {
  ASSERT_TRUE(append(*open(), "before").ok());
  int failed = 0;
  for (int at = 1; at < 60; ++at) {
    disk_->fail(Operation::kWrite, at, Fault::kNoSpace);
    auto store = open_rocks_store_on(folder_, disk_);
    disk_->heal();
    if (store.ok()) continue;
    ++failed;
    EXPECT_EQ(store.error().code, ErrorCode::kResourceExhausted);
    EXPECT_NE(store.error().hint.find("space"), std::string::npos) << store.error().to_string();
    expect_kept(*open());
  }
  EXPECT_GT(failed, 3);
}

TEST_F(StoreFaults, BrokenDiskRefusesEverythingAfter) {
  for (const Operation operation : {Operation::kWrite, Operation::kSync}) {
    auto store = open();
    ASSERT_TRUE(append(*store, "before").ok());
    disk_->fail(operation, 1, Fault::kBroken);
    const auto refused = append(*store, "lost");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kIo);
    EXPECT_NE(refused.error().message.find(folder_.string()), std::string::npos);
    EXPECT_NE(refused.error().hint.find("disk"), std::string::npos);
    disk_->heal();
    EXPECT_FALSE(append(*store, "lost too").ok()) << "what is on the disk is not known any more";
    store.reset();
    store = open();
    // The batch that failed is there as a whole, or not at all.
    std::vector<std::string> found = records(*store, "run");
    if (found.size() > acknowledged_.size()) acknowledged_.emplace_back("lost");
    expect_kept(*store);
    ASSERT_TRUE(append(*store, "after").ok());
  }
}

TEST_F(StoreFaults, ReadErrorsAreSaid) {
  {
    auto store = open();
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(append(*store, std::string(400'000, 'r')).ok());
    ASSERT_TRUE(store->copy_to((folder_ / "copy").string()).ok()) << "makes a table of it";
  }
  disk_->fail(Operation::kRead, 1, Fault::kBroken,
              [](const std::string& path) { return path.ends_with(".log"); });
  for (const bool reading : {false, true}) {
    const auto store = reading ? open_rocks_store_read_only_on(folder_, disk_)
                               : open_rocks_store_on(folder_, disk_);
    ASSERT_FALSE(store.ok()) << "an error is not an empty log";
    EXPECT_EQ(store.error().code, ErrorCode::kIo);
  }
  disk_->heal();
  auto store = open();
  disk_->fail(Operation::kRead, 1, Fault::kBroken,
              [](const std::string& path) { return path.ends_with(".sst"); });
  EXPECT_EQ(store->read_journal("run", 0, [](auto, auto) { return true; }).error().code,
            ErrorCode::kIo);
  EXPECT_FALSE(store->verify().ok());
  disk_->heal();
  expect_kept(*store);
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(StoreFaults, PowerLossKeepsWhatWasAcknowledged) {
  const std::string filler(250'000, 'p');
  for (int round = 0; round < 5; ++round) {
    auto store = open();
    expect_kept(*store);
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(append(*store, std::to_string(round) + "-" + std::to_string(i) + filler).ok());
    }
    disk_->lose_power();
    static_cast<void>(store->append(batch("run", {"never synced" + filler})));
    store.reset();
    disk_->restore_power(static_cast<std::uint64_t>(round) * 7);
  }
  auto store = open();
  expect_kept(*store);
  EXPECT_TRUE(store->verify().ok());
}

// Any bit of a log or of the manifest: the store refuses, or nothing is missing.
TEST_F(StoreFaults, FlippedBitsAreRefused) {
  {
    auto store = open();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(append(*store, "record " + std::to_string(i)).ok());
  }
  std::vector<fs::path> files = database_files(".log");
  for (const fs::path& manifest : fs::directory_iterator(folder_ / "journal")) {
    if (manifest.filename().string().starts_with("MANIFEST")) files.push_back(manifest);
  }
  std::size_t refused = 0;
  for (const fs::path& file : files) {
    const std::uint64_t size = fs::file_size(file);
    for (std::uint64_t byte = 0; byte < size; ++byte) {
      for (int bit = 0; bit < 8; ++bit) {
        flip(file, byte, bit);
        const auto store = open_rocks_store_read_only(folder_);
        if (store.ok()) {
          EXPECT_EQ(records(**store, "run"), acknowledged_)
              << file << " byte " << byte << " bit " << bit;
        } else {
          ++refused;
          EXPECT_EQ(store.error().code, ErrorCode::kCorrupt) << store.error().to_string();
          EXPECT_NE(store.error().message.find(folder_.string()), std::string::npos);
        }
        flip(file, byte, bit);
      }
    }
  }
  EXPECT_GT(refused, 1000U);
}

TEST_F(StoreFaults, FlippedBitInATableIsFoundByReadingAndByVerify) {
  {
    auto store = open();
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(append(*store, "record " + std::to_string(i) + std::string(500, 'q')).ok());
    }
    ASSERT_TRUE(store->copy_to((folder_ / "copy").string()).ok());
  }
  const std::vector<fs::path> tables = database_files(".sst");
  ASSERT_FALSE(tables.empty());
  flip(tables[0], 100, 3);
  auto store = open_rocks_store(folder_);
  ASSERT_TRUE(store.ok() || store.error().code == ErrorCode::kCorrupt);
  if (!store.ok()) return;
  const auto verified = (*store)->verify();
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(verified.error().message.find(tables[0].filename().string()), std::string::npos)
      << verified.error().message;
  EXPECT_EQ((*store)->read_journal("run", 0, [](auto, auto) { return true; }).error().code,
            ErrorCode::kCorrupt);
}

TEST(LogCheck, TornEndIsNoDamage) {
  EXPECT_EQ(find_log_damage(""), "");
  EXPECT_EQ(find_log_damage("abc"), "");
  EXPECT_EQ(find_log_damage(std::string(50, '\0')), "");
  EXPECT_NE(find_log_damage(std::string(400, '\x01')), "");
}

}  // namespace
}  // namespace cairn
