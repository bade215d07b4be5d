#include "core/base/files.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace cairn {
namespace {

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = make_private_folder(fs::temp_directory_path(), "cairn-files-");
    ASSERT_TRUE(folder.ok());
    folder_ = *folder;
  }
  void TearDown() override { EXPECT_TRUE(files_.remove_all(folder_).ok()); }
  FileSystem& files_ = real_file_system();
  fs::path folder_;
};

TEST_F(Files, WriteAtomicReplacesAndLeavesNothingElse) {
  const auto path = folder_ / "state";
  ASSERT_TRUE(files_.write_atomic(path, "one").ok());
  ASSERT_TRUE(files_.write_atomic(path, "two").ok());
  EXPECT_EQ(*files_.read(path), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(Files, AppendContinuesAfterTruncate) {
  const auto path = folder_ / "log";
  {
    auto file = files_.open_append(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->append("first second").ok());
    ASSERT_TRUE((*file)->sync().ok());
  }
  ASSERT_TRUE(files_.truncate(path, 6).ok());
  auto file = files_.open_append(path);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->size(), 6u);
  ASSERT_TRUE((*file)->append("third").ok());
  EXPECT_EQ(*files_.read(path), "first third");
}

TEST_F(Files, MissingFilesAreNamed) {
  const auto missing = files_.read(folder_ / "nothing");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("nothing"), std::string::npos);
}

TEST_F(Files, ContentOfATreeDependsOnPathsAndBytesOnly) {
  const auto make = [&](const fs::path& root, const char* inner) {
    ASSERT_TRUE(files_.make_directories(root / "sub").ok());
    ASSERT_TRUE(files_.write_atomic(root / "sub" / inner, "x").ok());
    ASSERT_TRUE(files_.write_atomic(root / "b", "y").ok());
  };
  make(folder_ / "one", "a");
  make(folder_ / "two", "a");
  make(folder_ / "three", "c");
  const auto one = identify_content(folder_ / "one");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->digest, identify_content(folder_ / "two")->digest);
  EXPECT_NE(one->digest, identify_content(folder_ / "three")->digest);
  EXPECT_EQ(one->bytes, 2u);
  EXPECT_TRUE(one->directory);
}

TEST_F(Files, LinksAreNoContent) {
  fs::create_directory(folder_ / "tree");
  fs::create_symlink("/etc/passwd", folder_ / "tree" / "link");
  EXPECT_FALSE(identify_content(folder_ / "tree").ok());
  EXPECT_FALSE(identify_content(folder_ / "tree" / "link").ok());
}

}  // namespace
}  // namespace cairn
