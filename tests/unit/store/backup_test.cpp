#include "core/store/backup.h"

#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <thread>

#include "core/base/digest.h"
#include "core/base/json.h"
#include "tests/unit/store/store_test.h"

namespace cairn {
namespace {

class Backup : public testing::StoreTest {
 protected:
  fs::path state_ = folder_ / "state";
  fs::path backup_ = folder_ / "backup";
  fs::path restored_ = folder_ / "restored";
};

TEST_F(Backup, UnderLoadItIsAPrefixAndRestores) {
  auto store = open_rocks_store(state_).value();
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> written = 0;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      ASSERT_TRUE(
          store->append(batch("run", {std::to_string(2 * i), std::to_string(2 * i + 1)})).ok());
      written = 2 * i + 2;
    }
  });
  std::uint64_t before = 0;
  for (int i = 0; i < 3; ++i) {
    const fs::path backup = backup_.string() + std::to_string(i);
    const fs::path restored = restored_.string() + std::to_string(i);
    while (written < before + 20) std::this_thread::yield();
    before = written;
    const auto info = back_up(*store, backup);
    ASSERT_TRUE(info.ok()) << info.error().to_string();
    const std::uint64_t after = store->last_sequence();
    EXPECT_GE(info->sequence, before) << "what was acknowledged before is in it";
    EXPECT_LE(info->sequence, after);
    EXPECT_EQ(check_backup(backup).value().sequence, info->sequence);
    const auto installed = restore_store(backup, restored);
    ASSERT_TRUE(installed.ok()) << installed.error().to_string();
    auto copy = open_rocks_store(restored).value();
    EXPECT_EQ(copy->last_sequence(), info->sequence);
    const std::vector<std::string> found = records(*copy, "run");
    ASSERT_EQ(found.size(), info->sequence) << "whole batches";
    for (std::size_t k = 0; k < found.size(); ++k) EXPECT_EQ(found[k], std::to_string(k));
    ASSERT_TRUE(copy->append(batch("run", {"on its own"})).ok());
    EXPECT_TRUE(check_backup(backup).ok()) << "the restored store is a copy";
  }
  stop = true;
  writer.join();
  EXPECT_EQ(records(*store, "run").size(), written);
}

TEST_F(Backup, DamagedOneIsRefusedAndNothingIsInstalled) {
  {
    auto store = open_rocks_store(state_).value();
    ASSERT_TRUE(store->append(batch("run", {"1", "2"})).ok());
    ASSERT_TRUE(back_up(*store, backup_).ok());
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(backup_)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name != "LOCK" && !name.starts_with("LOG")) {
      files.push_back(entry.path());
    }
  }
  ASSERT_GT(files.size(), 3U);
  const auto refused = [&](const fs::path& file, const std::string& what) {
    const auto result = restore_store(backup_, restored_);
    ASSERT_FALSE(result.ok()) << what << " " << file;
    if (file.filename() != "backup.json") {
      EXPECT_EQ(result.error().code, ErrorCode::kCorrupt) << result.error().to_string();
      EXPECT_NE(result.error().message.find(file.filename().string()), std::string::npos)
          << result.error().message;
    }
    EXPECT_FALSE(fs::exists(restored_ / "journal"));
  };
  for (const fs::path& file : files) {
    const fs::path aside = folder_ / "aside";
    fs::copy_file(file, aside, fs::copy_options::overwrite_existing);
    fs::remove(file);  // a table may be shared with the store: never write into it
    refused(file, "without");
    fs::copy_file(aside, file);
    {
      std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
      const int first = bytes.get();
      bytes.seekp(0);
      bytes.put(static_cast<char>(first ^ 4));
    }
    refused(file, "flipped");
    fs::copy_file(aside, file, fs::copy_options::overwrite_existing);
  }
  const fs::path extra = backup_ / "journal" / "000099.log";
  std::ofstream(extra) << "x";
  refused(extra, "with");
  fs::remove(extra);
  EXPECT_TRUE(restore_store(backup_, restored_).ok());
}

// Whoever hands over a backup may have made it to harm who restores it.
class HostileBackup : public Backup {
 protected:
  HostileBackup() {
    auto store = open_rocks_store(state_).value();
    EXPECT_TRUE(store->append(batch("run", {"1", "2"})).ok());
    EXPECT_TRUE(back_up(*store, backup_).ok());
    std::ofstream(outside_) << "mine";
    list_ = parse_json_object(real_file_system().read(backup_ / "backup.json").value()).value();
  }
  ~HostileBackup() override {
    EXPECT_EQ(real_file_system().read(outside_).value(), "mine");
    EXPECT_FALSE(fs::exists(restored_ / "journal"));
  }
  void refused(const std::string& because) {
    const auto restored = restore_store(backup_, restored_);
    ASSERT_FALSE(restored.ok()) << because;
    EXPECT_EQ(restored.error().code, ErrorCode::kCorrupt) << restored.error().to_string();
    EXPECT_NE(restored.error().message.find(because), std::string::npos)
        << restored.error().message;
  }
  void refused_list(const std::function<void(json::array&)>& change, const std::string& because) {
    json::object list = list_;
    change(list.at("files").as_array());
    std::ofstream(backup_ / "backup.json") << json::serialize(list);
    refused(because);
  }
  json::array listed(const std::string& path) {
    return {path, fs::file_size(outside_), digest_of("mine")};
  }

  const fs::path journal_ = backup_ / "journal";
  const fs::path outside_ = folder_ / "outside";
  json::object list_;
};

TEST_F(HostileBackup, NamesThatLeadElsewhere) {
  for (const std::string& name :
       {outside_.string(), std::string("../../outside"), std::string("x/../../../outside"),
        std::string(".."), std::string("."), std::string(""), std::string("sub/file"),
        std::string("a\\b"), std::string("a\0b", 3), std::string("\x1b[2J"), std::string("\u202e")})
    refused_list([&](json::array& files) { files.push_back(listed(name)); },
                 "which is no file of a store");
}

TEST_F(HostileBackup, FilesThatAreListedTwice) {
  refused_list([](json::array& files) { files.push_back(json::value(files.front())); }, "twice");
  refused_list(
      [&](json::array& files) {
        files.push_back(listed("current"));  // there is CURRENT
        std::ofstream(journal_ / "current") << "mine";
      },
      "twice");
}

TEST_F(HostileBackup, LinksDevicesAndFolders) {
  const fs::path extra = journal_ / "000099.sst";
  fs::create_symlink(outside_, extra);
  refused("no plain file");
  refused_list([&](json::array& files) { files.push_back(listed("000099.sst")); }, "no plain file");
  std::ofstream(backup_ / "backup.json") << json::serialize(list_);
  fs::remove(extra);
  ASSERT_EQ(::mkfifo(extra.c_str(), 0600), 0);  // who reads it waits for ever
  refused("no plain file");
  fs::remove(extra);
  fs::create_directory(extra);
  refused("no plain file");
  fs::remove(extra);
  // In the place of a file that is listed, with what it holds.
  const fs::path current = journal_ / "CURRENT";
  fs::rename(current, backup_ / "moved");
  fs::create_symlink(backup_ / "moved", current);
  refused("no plain file");
}

TEST_F(HostileBackup, LinksInPlaceOfItsFolderOrItsList) {
  fs::rename(journal_, folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", journal_);
  refused("is no folder");
  const fs::path list = backup_ / "backup.json";
  fs::remove(list);
  fs::create_symlink("/dev/zero", list);
  refused("no plain file");
  fs::remove(list);
  ASSERT_EQ(::mkfifo(list.c_str(), 0600), 0);
  refused("no plain file");
}

TEST_F(HostileBackup, SizesAndNumbersWithoutEnd) {
  // Terabytes that take no space: not one of them is read.
  const fs::path extra = journal_ / "000099.sst";
  std::ofstream(extra).flush();
  fs::resize_file(extra, std::uintmax_t{1} << 42);
  refused("does not belong to it");
  refused_list([&](json::array& files) { files.push_back(listed("000099.sst")); }, "another size");
  std::ofstream(backup_ / "backup.json").flush();
  fs::resize_file(backup_ / "backup.json", std::uintmax_t{1} << 42);
  refused("has more than");
  std::ofstream(backup_ / "backup.json") << std::string(100'000, '[');
  refused("backup.json");
  json::object list = list_;
  list["sequence"] = 99;
  fs::remove(extra);
  std::ofstream(backup_ / "backup.json") << json::serialize(list);
  refused("ends at sequence");
}

TEST_F(Backup, NeverReplacesWhatIsThere) {
  auto store = open_rocks_store(state_).value();
  ASSERT_TRUE(store->append(batch("run", {"1"})).ok());
  ASSERT_TRUE(back_up(*store, backup_).ok());
  EXPECT_EQ(back_up(*store, backup_).error().code, ErrorCode::kConflict);
  EXPECT_EQ(restore_store(backup_, state_).error().code, ErrorCode::kConflict) << "in use";
  store.reset();
  EXPECT_EQ(restore_store(backup_, state_).error().code, ErrorCode::kConflict);
  EXPECT_EQ(restore_store(state_, restored_).error().code, ErrorCode::kNotFound) << "no backup";
  // One that was killed half-way is begun anew.
  fs::create_directories(restored_ / "restored.unfinished" / "journal" / "x");
  EXPECT_TRUE(restore_store(backup_, restored_).ok());
  EXPECT_FALSE(fs::exists(restored_ / "restored.unfinished"));
}

}  // namespace
}  // namespace cairn
