#include "core/server/security/private_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/security/fixture.h"

namespace cairn {
namespace {

class PrivateFile : public StateTest {
 protected:
  const fs::path path_ = folder_ / "secret";
};

TEST_F(PrivateFile, IsItsOwnersAloneWhateverTheUmaskIs) {
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
    const mode_t before = ::umask(mask);
    const fs::path state = folder_ / ("state" + std::to_string(mask));
    EXPECT_TRUE(write_private(path_, "text").ok());
    EXPECT_TRUE(touch_private(folder_ / "log").ok());
    fs::create_directories(state);
    EXPECT_TRUE(make_or_read_token(state).ok());
    ::umask(before);
    EXPECT_EQ(mode_of(path_), 0600u);
    EXPECT_EQ(mode_of(folder_ / "log"), 0600u);
    EXPECT_EQ(mode_of(state / "token"), 0600u);
    fs::remove(path_);
    fs::remove(folder_ / "log");
  }
}

TEST_F(PrivateFile, IsReplacedAsAWhole) {
  ASSERT_TRUE(write_private(path_, "first").ok());
  const auto before = private_stamp(path_);
  std::ofstream(path_.string() + ".new") << "of a writer that died";
  ASSERT_TRUE(write_private(path_, "second").ok());
  EXPECT_EQ(*read_private(path_, 100), "second");
  EXPECT_NE(private_stamp(path_), before);
  EXPECT_FALSE(fs::exists(path_.string() + ".new"));
  EXPECT_EQ(mode_of(path_), 0600u);
}

TEST_F(PrivateFile, WhatOthersMayReadOrPutThereIsRefused) {
  EXPECT_EQ(read_private(path_, 100).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(write_private(path_, "text").ok());
  for (const unsigned mode : {0640u, 0604u, 0620u, 0602u}) {
    fs::permissions(path_, static_cast<fs::perms>(mode));
    EXPECT_EQ(read_private(path_, 100).error().code, ErrorCode::kConflict) << mode;
    EXPECT_EQ(open_private_log(path_).error().code, ErrorCode::kConflict) << mode;
  }
  fs::permissions(path_, static_cast<fs::perms>(0600));
  EXPECT_EQ(read_private(path_, 3).error().code, ErrorCode::kCorrupt);
  const fs::path link = folder_ / "link";
  fs::create_symlink(path_, link);
  EXPECT_EQ(read_private(link, 100).error().code, ErrorCode::kConflict);
  EXPECT_EQ(open_private_log(link).error().code, ErrorCode::kConflict);
  EXPECT_FALSE(read_private(folder_, 100).ok());
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(read_private(pipe, 100).error().code, ErrorCode::kConflict) << "and nobody waits";
}

TEST_F(PrivateFile, ALinkInItsPlaceIsReplacedAndNotFollowed) {
  const fs::path target = folder_ / "target";
  std::ofstream(target) << "untouched";
  fs::create_symlink(target, path_);
  fs::create_symlink(target, path_.string() + ".new");
  ASSERT_TRUE(write_private(path_, "text").ok());
  EXPECT_EQ(contents_of(target), "untouched");
  EXPECT_FALSE(fs::is_symlink(path_));
}

}  // namespace
}  // namespace cairn
