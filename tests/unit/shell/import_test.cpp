#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/sdk/testing/stage_harness.h"

namespace cairn::testing {
namespace {

using ::testing::HasSubstr;

class Import : public ::testing::Test {
 protected:
  Import() : harness_(stage_of(CAIRN_BINARY_DIR "/plugins/import.so", "import")) {
    source_ = harness_.folder() / "source";
    fs::create_directories(source_ / "deep");
    std::ofstream(source_ / "a.txt") << "a";
    std::ofstream(source_ / "deep/b.txt") << "b";
  }
  StageHarness harness_;
  fs::path source_;
};

TEST_F(Import, CopiesAFolderAndAFile) {
  auto run =
      harness_.param("path", json::string(source_.string())).param("kind", "directory").run();
  ASSERT_FALSE(run.failure) << run.failure->message;
  EXPECT_EQ(run.outputs.at("artifact"), identify_content(source_)->digest);
  run = harness_.param("path", json::string((source_ / "a.txt").string()))
            .param("kind", "file")
            .run();
  ASSERT_FALSE(run.failure) << run.failure->message;
  EXPECT_EQ(run.outputs.at("artifact"), digest_of("a"));
}

TEST_F(Import, HardLinksShareTheBytes) {
  const auto run =
      harness_.param("path", json::string(source_.string())).param("mode", "hardlink").run();
  ASSERT_FALSE(run.failure) << run.failure->message;
  EXPECT_TRUE(fs::equivalent(harness_.output("artifact") / "deep/b.txt", source_ / "deep/b.txt"));
}

TEST_F(Import, ALinkInsideAFolderIsNamed) {
  fs::create_symlink("/etc/hostname", source_ / "deep/link");
  const auto run = harness_.param("path", json::string(source_.string())).run();
  ASSERT_TRUE(run.failure);
  EXPECT_THAT(run.failure->message, HasSubstr("deep/link"));
}

// A hostile folder: nothing of it leads out of the artifact, and nothing is waited for.
TEST_F(Import, OnlyFilesAndFoldersAreTaken) {
  const auto refused = [&](const fs::path& path, const char* mode, const std::string& name) {
    const auto run = harness_.param("path", json::string(path.string()))
                         .param("kind", "directory")
                         .param("mode", mode)
                         .run();
    ASSERT_TRUE(run.failure) << mode << " " << name;
    EXPECT_THAT(run.failure->message, HasSubstr(name));
    EXPECT_FALSE(run.outputs.contains("artifact"));
  };
  const fs::path odd = source_ / "deep/odd";
  for (const char* mode : {"copy", "hardlink"}) {
    for (const char* target : {"/etc", "..", "/dev/zero", "/nowhere"}) {
      fs::create_symlink(target, odd);
      refused(source_, mode, "deep/odd");
      fs::remove(odd);
    }
    ASSERT_EQ(::mkfifo(odd.c_str(), 0600), 0);
    refused(source_, mode, "deep/odd");
    fs::remove(odd);
    refused("/dev/zero", mode, "/dev/zero");
    refused("/dev/tty", mode, "/dev/tty");
  }
}

TEST_F(Import, WhatIsNotThereIsNamed) {
  const auto run = harness_.param("path", json::string((source_ / "absent").string())).run();
  ASSERT_TRUE(run.failure);
  EXPECT_THAT(run.failure->message, HasSubstr("absent"));
}

}  // namespace
}  // namespace cairn::testing
