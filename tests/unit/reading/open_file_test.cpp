#include "core/server/reading/open_file.h"

#include <sys/stat.h>

#include "tests/unit/reading/attempt_fixture.h"

namespace cairn {
namespace {

using OpenBeneath = AttemptFixture;

TEST_F(OpenBeneath, OpensFilesOfFolders) {
  put(folder_ / "a" / "b.txt", "12345");
  for (const auto& open : {&open_beneath, &open_beneath_by_walk}) {
    const auto file = open(folder_, "a/b.txt");
    ASSERT_TRUE(file.ok()) << file.error().to_string();
    EXPECT_EQ(file->size, 5U);
    EXPECT_EQ(read_range(file->fd.get(), 1, 3).value_or(""), "234");
    EXPECT_EQ(open(folder_, "a/c.txt").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(open(folder_, "a/b.txt/c").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(open(folder_ / "nowhere", "a").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(open(folder_, std::string(5000, 'n')).error().code, ErrorCode::kNotFound);
  }
}

TEST_F(OpenBeneath, RefusesNamesThatLeadElsewhere) {
  put(folder_ / "in" / "x", "1");
  put(folder_ / "sentinel", "secret");
  for (const std::string& name :
       {std::string("../sentinel"), std::string("/etc/passwd"), std::string(""), std::string("."),
        std::string("x/.."), std::string("a//b"), std::string("x/"), std::string("..\\sentinel"),
        std::string("x\0y", 3), std::string("./x"), std::string("in/../../sentinel")}) {
    for (const auto& open : {&open_beneath, &open_beneath_by_walk}) {
      const auto refused = open(folder_ / "in", name);
      ASSERT_FALSE(refused.ok()) << name;
      EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << name;
    }
  }
}

TEST_F(OpenBeneath, FollowsNoLinkAndOpensNothingButFiles) {
  put(folder_ / "sentinel", "secret");
  put(folder_ / "in" / "real" / "x", "1");
  fs::create_symlink(folder_ / "sentinel", folder_ / "in" / "out");
  fs::create_symlink("real/x", folder_ / "in" / "within");
  fs::create_directory_symlink("real", folder_ / "in" / "folder");
  fs::create_directory_symlink(folder_, folder_ / "in" / "up");
  ASSERT_EQ(::mkfifo((folder_ / "in" / "pipe").c_str(), 0600), 0);
  for (const auto& open : {&open_beneath, &open_beneath_by_walk}) {
    for (const char* name : {"out", "within", "folder/x", "up/sentinel", "pipe", "real"}) {
      const auto refused = open(folder_ / "in", name);
      ASSERT_FALSE(refused.ok()) << name;
      EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt) << name << refused.error().to_string();
    }
  }
}

}  // namespace
}  // namespace cairn
