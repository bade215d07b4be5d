#include "core/artifacts/content_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <thread>

#include "core/testing/fault_file_system.h"

namespace cairn {
namespace {

class Contents : public ::testing::Test {
 protected:
  Contents()
      : folder_(make_private_folder(fs::temp_directory_path(), "cairn-content-").value()),
        store_(folder_) {}
  ~Contents() override {
    for (auto it = fs::recursive_directory_iterator(folder_);
         it != fs::recursive_directory_iterator(); ++it) {
      if (it->is_directory()) fs::permissions(it->path(), fs::perms::owner_all);
    }
    fs::remove_all(folder_);
  }

  fs::path file(const std::string& name, const std::string& bytes) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }

  fs::path folder_;
  ContentStore store_;
};

constexpr auto kWrite = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;

TEST_F(Contents, FileLiesReadOnlyUnderItsDigest) {
  const auto id = store_.publish(file("out", "hello"));
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->digest, digest_of("hello"));
  const std::string hex(digest_hex(id->digest));
  const fs::path place = folder_ / "artifacts" / "sha256" / hex.substr(0, 2) / hex.substr(2);
  EXPECT_EQ(store_.path(id->digest), place);
  EXPECT_EQ(real_file_system().read(place).value(), "hello");
  EXPECT_EQ(fs::status(place).permissions() & kWrite, fs::perms::none);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  EXPECT_TRUE(store_.verify(id->digest).ok());
  EXPECT_EQ(store_.list().value(), std::vector<Digest>{id->digest});
}

TEST_F(Contents, FolderIsOneArtifactAndReadOnlyThroughout) {
  file("model/config.json", "{}");
  file("model/parts/one", "1");
  const auto id = store_.publish(folder_ / "model");
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE(id->directory);
  EXPECT_EQ(id->bytes, 3U);
  for (const char* name : {".", "config.json", "parts", "parts/one"}) {
    EXPECT_EQ(fs::status(store_.path(id->digest) / name).permissions() & kWrite, fs::perms::none)
        << name;
  }
  EXPECT_TRUE(store_.verify(id->digest).ok());
}

TEST_F(Contents, PublishingTheSameAgainKeepsTheFirst) {
  const auto first = store_.publish(file("one", "same")).value();
  const auto second = store_.publish(file("two", "same"));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->digest, first.digest);
  EXPECT_FALSE(fs::exists(folder_ / "two"));
  file("a/x", "same");
  file("b/x", "same");
  EXPECT_EQ(store_.publish(folder_ / "a")->digest, store_.publish(folder_ / "b")->digest);
  EXPECT_FALSE(fs::exists(folder_ / "b"));
}

TEST_F(Contents, ManyMayPublishTheSameAtOnce) {
  for (int round = 0; round < 10; ++round) {
    std::vector<std::thread> threads;
    std::atomic<int> failures = 0;
    for (int i = 0; i < 4; ++i) {
      const std::string name = "t" + std::to_string(i);
      file(name + "/data", "round " + std::to_string(round));
      threads.emplace_back([&, name] {
        if (!store_.publish(folder_ / name).ok()) ++failures;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(failures, 0);
  }
  const std::vector<Digest> digests = store_.list().value();
  EXPECT_EQ(digests.size(), 10U);
  for (const Digest& digest : digests) EXPECT_TRUE(store_.verify(digest).ok());
}

TEST_F(Contents, DamageIsNamedAndCanBeSetAside) {
  const Digest digest = store_.publish(file("out", "precious")).value().digest;
  EXPECT_EQ(store_.verify(digest_of("other")).error().code, ErrorCode::kNotFound);
  const fs::path place = store_.path(digest);
  fs::permissions(place, fs::perms::owner_all);
  std::ofstream(place, std::ios::binary) << "Precious";
  const auto verified = store_.verify(digest);
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(verified.error().message.find(place.string()), std::string::npos);
  ASSERT_TRUE(store_.set_aside(digest).ok());
  EXPECT_FALSE(store_.contains(digest));
  EXPECT_EQ(store_.publish(file("again", "precious"))->digest, digest);
  EXPECT_TRUE(store_.verify(digest).ok());
}

TEST_F(Contents, FailingDiskNeverLeavesAPartialArtifact) {
  for (int at = 1; at < 20; ++at) {
    testing::FaultFileSystem files;
    ContentStore store(folder_, files);
    const std::string bytes = "content " + std::to_string(at);
    const fs::path source = file("out", bytes);
    files.fail_at(at, ENOSPC);
    const auto id = store.publish(source);
    if (store_.contains(digest_of(bytes))) {
      EXPECT_TRUE(store_.verify(digest_of(bytes)).ok());
    }
    if (id.ok()) return;
    EXPECT_EQ(id.error().code, ErrorCode::kIo);
    files.heal();
    if (!fs::exists(source)) file("out", bytes);
    EXPECT_TRUE(store.publish(source).ok()) << "the next try succeeds";
  }
  FAIL() << "the disk failed at every change";
}

TEST_F(Contents, LinksAreRefused) {
  fs::create_directories(folder_ / "out");
  fs::create_symlink("/etc/hostname", folder_ / "out" / "link");
  EXPECT_FALSE(store_.publish(folder_ / "out").ok());
}

}  // namespace
}  // namespace cairn
