#include "core/cli/backup_artifacts.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/artifacts/content_store.h"

namespace cairn {
namespace {

class BackupArtifacts : public ::testing::Test {
 protected:
  BackupArtifacts() : folder_(make_private_folder(fs::temp_directory_path(), "cairn-").value()) {
    ContentStore store(from_);
    fs::create_directories(from_);
    std::ofstream(folder_ / "outside") << "mine";
    fs::create_directories(from_ / "made/deep");
    std::ofstream(from_ / "made/deep/a") << "a";
    digest_ = store.publish(from_ / "made").value().digest;
    artifact_ = store.path(digest_);
    fs::permissions(artifact_ / "deep", fs::perms::owner_all);
  }
  ~BackupArtifacts() override {
    fs::permissions(artifact_ / "deep", fs::perms::owner_all);
    (void)real_file_system().remove_all(folder_);
  }
  void refused(const std::string& because) {
    const auto copied = copy_artifacts(from_, to_);
    ASSERT_FALSE(copied.ok()) << because;
    EXPECT_EQ(copied.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(copied.error().message.find(because), std::string::npos) << copied.error().message;
    EXPECT_FALSE(ContentStore(to_).contains(digest_));
  }

  const fs::path folder_;
  const fs::path from_ = folder_ / "from";
  const fs::path to_ = folder_ / "to";
  Digest digest_;
  fs::path artifact_;
};

TEST_F(BackupArtifacts, AreCopied) {
  const auto copied = copy_artifacts(from_, to_);
  ASSERT_TRUE(copied.ok()) << copied.error().to_string();
  EXPECT_EQ(copied->count, 1U);
  EXPECT_TRUE(ContentStore(to_).verify(digest_).ok());
}

TEST_F(BackupArtifacts, LinksAndDevicesAreNotFollowed) {
  const fs::path odd = artifact_ / "deep/odd";
  for (const fs::path& target : {folder_ / "outside", fs::path("/dev/zero"), fs::path("..")}) {
    fs::create_symlink(target, odd);
    refused("deep/odd is neither a file nor a folder");
    fs::remove(odd);
  }
  ASSERT_EQ(::mkfifo(odd.c_str(), 0600), 0);
  refused("deep/odd is neither a file nor a folder");
  fs::remove(odd);
}

TEST_F(BackupArtifacts, OtherBytesThanTheirNameSaysAreRefused) {
  std::ofstream(artifact_ / "deep/b") << "b";
  refused("is not what its name says");
}

}  // namespace
}  // namespace cairn
