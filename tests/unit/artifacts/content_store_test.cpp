#include "core/artifacts/content_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <thread>

#include "core/base/boundary.h"
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

// Counts nothing: a wrong byte that check() does not see shows that it did not read.
TEST_F(Contents, CheckReadsOnlyWhatLooksDifferent) {
  file("model/weights", "12345");
  const ContentId id = store_.publish(folder_ / "model").value();
  const fs::path weights = store_.path(id.digest) / "weights";
  const auto time = fs::last_write_time(weights);
  const auto overwrite = [&](const std::string& bytes) {
    fs::permissions(weights, fs::perms::owner_all);
    std::ofstream(weights, std::ios::binary) << bytes;
  };
  for (int process = 0; process < 2; ++process) {
    ContentStore store(folder_);
    const auto checked = store.check(id.digest);
    ASSERT_TRUE(checked.ok());
    EXPECT_EQ(checked->bytes, 5U);
    EXPECT_TRUE(checked->directory);
  }
  overwrite("x2345");
  fs::last_write_time(weights, time);
  EXPECT_TRUE(ContentStore(folder_).check(id.digest).ok()) << "it looks the same";
  EXPECT_EQ(store_.verify(id.digest).error().code, ErrorCode::kCorrupt);
  fs::last_write_time(weights, time + std::chrono::seconds(1));
  EXPECT_EQ(store_.check(id.digest).error().code, ErrorCode::kCorrupt);
  overwrite("12345");
  EXPECT_TRUE(store_.check(id.digest).ok()) << "read again, and right";
  overwrite("123456");
  EXPECT_EQ(store_.check(id.digest).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store_.check(digest_of("other")).error().code, ErrorCode::kNotFound);
}

TEST_F(Contents, CheckMendsALostOrDamagedMemory) {
  const Digest digest = store_.publish(file("out", "bytes")).value().digest;
  const fs::path memory = folder_ / "artifacts" / "verified";
  const std::string line = real_file_system().read(memory).value();
  for (const std::string& text : {std::string(), line.substr(0, line.size() / 2),
                                  "f" + line.substr(1), std::string("nonsense\n\n \n") + line}) {
    std::ofstream(memory, std::ios::binary) << text;
    ContentStore store(folder_);
    EXPECT_TRUE(store.check(digest).ok()) << text;
    EXPECT_TRUE(store.check(digest).ok()) << text;
  }
  fs::remove(memory);
  EXPECT_TRUE(ContentStore(folder_).check(digest).ok());
  EXPECT_EQ(real_file_system().read(memory).value(), line);
}

TEST_F(Contents, WhatIsTakenOutIsWholeOrGone) {
  bool removed = false;
  for (int at = 1; !removed; ++at) {
    ASSERT_LT(at, 20) << "the disk failed at every change";
    file("tree/a/one", "1");
    file("tree/two", "2");
    const Digest digest = store_.publish(folder_ / "tree").value().digest;
    testing::FaultFileSystem files;
    ContentStore store(folder_, files);
    files.fail_at(at, EIO);
    removed = store.take_out(digest).ok() && store.clean_leftovers().ok();
    if (store_.contains(digest)) {
      EXPECT_TRUE(store_.verify(digest).ok()) << "at " << at;
      EXPECT_FALSE(removed);
      EXPECT_TRUE(store_.take_out(digest).ok()) << "the next try succeeds";
    }
    EXPECT_FALSE(store_.contains(digest));
    EXPECT_EQ(store_.take_out(digest).error().code, ErrorCode::kNotFound);
    ASSERT_TRUE(store_.clean_leftovers().ok());
    EXPECT_TRUE(fs::is_empty(folder_ / "artifacts" / "removed"));
  }
}

TEST_F(Contents, WhatIsTakenOutTwiceGoes) {
  for (int i = 0; i < 2; ++i) {
    file("tree/one", "1");
    EXPECT_TRUE(store_.take_out(store_.publish(folder_ / "tree").value().digest).ok());
  }
  EXPECT_EQ(store_.clean_leftovers().value(), 1U);
}

// Nobody publishes what another is about to take out.
TEST_F(Contents, AClosedStoreHoldsUpWhoPublishes) {
  const Digest digest = store_.publish(file("one", "same")).value().digest;
  std::vector<Digest> claims;
  const auto claim = [&](const Digest& claimed) -> Result<void> {
    claims.push_back(claimed);
    EXPECT_TRUE(store_.contains(digest)) << "it is looked after the claim";
    return {};
  };
  EXPECT_TRUE(store_.publish(file("two", "same"), claim).ok());
  EXPECT_EQ(claims, std::vector<Digest>{digest});

  std::thread publisher;
  std::atomic<bool> claimed = false;
  {
    const auto lock = store_.close();
    ASSERT_TRUE(lock.ok());
    file("three", "same");
    publisher = std::thread([&] {
      ContentStore other(folder_);
      EXPECT_TRUE(other
                      .publish(folder_ / "three",
                               [&](const Digest&) -> Result<void> {
                                 claimed = true;
                                 return {};
                               })
                      .ok());
    });
    EXPECT_TRUE(store_.take_out(digest).ok());
    EXPECT_FALSE(claimed);
  }
  publisher.join();
  EXPECT_TRUE(claimed);
  EXPECT_TRUE(store_.contains(digest)) << "it was published anew";
}

TEST_F(Contents, SizesAndLeftovers) {
  const Digest one = store_.publish(file("one", "12345")).value().digest;
  file("tree/x", "123");
  file("tree/y/z", "4567");
  const Digest tree = store_.publish(folder_ / "tree").value().digest;
  EXPECT_EQ(store_.bytes_of(tree).value(), 7U);
  EXPECT_EQ(store_.bytes_of(digest_of("other")).error().code, ErrorCode::kNotFound);
  const auto listed = store_.list_with_sizes();
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 2U);
  for (const StoredArtifact& artifact : *listed) {
    EXPECT_EQ(artifact.bytes, artifact.digest == one ? 5U : 7U);
    EXPECT_GT(artifact.time, WallTime());
  }
  EXPECT_EQ(store_.clean_leftovers().value(), 0U);
  ASSERT_TRUE(store_.set_aside(one).ok());
  file("artifacts/verified.tmp-abc", "torn");
  EXPECT_EQ(store_.clean_leftovers().value(), 9U);
  EXPECT_EQ(store_.list().value(), std::vector<Digest>{tree});
  const std::string memory = real_file_system().read(folder_ / "artifacts" / "verified").value();
  EXPECT_EQ(std::count(memory.begin(), memory.end(), '\n'), 1) << "of what is still there";
}

TEST_F(Contents, ChangesAreMadeInsideBoundaries) {
  const fs::path one = file("one", "1");
  file("two/x", "2");
  reset_boundary_counts();
  const Digest first = store_.publish(one).value().digest;
  const Digest second = store_.publish(folder_ / "two").value().digest;
  fs::remove(folder_ / "artifacts" / "verified");
  EXPECT_TRUE(ContentStore(folder_).check(first).ok());
  EXPECT_TRUE(store_.set_aside(first).ok());
  EXPECT_TRUE(store_.take_out(second).ok());
  EXPECT_TRUE(store_.clean_leftovers().ok());
  const BoundaryCounts counts = boundary_counts();
  EXPECT_EQ(counts.changes_outside, 0U) << counts.first_outside;
  for (const Boundary boundary :
       {Boundary::kArtifactPublish, Boundary::kArtifactRemember, Boundary::kArtifactSetAside,
        Boundary::kArtifactRemove, Boundary::kArtifactClean}) {
    EXPECT_GT(counts.changes_of(boundary), 0U) << to_string(boundary);
  }
}

TEST_F(Contents, LinksAreRefused) {
  fs::create_directories(folder_ / "out");
  fs::create_symlink("/etc/hostname", folder_ / "out" / "link");
  EXPECT_FALSE(store_.publish(folder_ / "out").ok());
}

}  // namespace
}  // namespace cairn
