#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "ui/page_files.h"

namespace cairn::page {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Page, TheIndexIsThereAndHasRoomForANonce) {
  const auto index = find_page_file("index.html");
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->media_type, "text/html; charset=utf-8");
  EXPECT_THAT(std::string(index->bytes), HasSubstr(std::string(kNonceMark)));
  EXPECT_TRUE(index->gzip.empty());
}

TEST(Page, EveryFileIsFoundByItsPathAndHasATypeAndADigest) {
  ASSERT_GT(page_files().size(), 5u);
  for (const PageFile& file : page_files()) {
    SCOPED_TRACE(std::string(file.path));
    const auto found = find_page_file(file.path);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->bytes.data(), file.bytes.data());
    EXPECT_FALSE(file.bytes.empty());
    EXPECT_FALSE(file.media_type.empty());
    EXPECT_EQ(file.sha256.size(), 64u);
    EXPECT_TRUE(file.path == "index.html" || file.path.starts_with("assets/"));
    if (!file.gzip.empty()) {
      EXPECT_THAT(std::string(file.gzip), StartsWith("\x1f\x8b"));
      EXPECT_LT(file.gzip.size(), file.bytes.size());
    }
  }
}

TEST(Page, WhatTheIndexNamesIsThere) {
  const std::string index(find_page_file("index.html")->bytes);
  std::size_t named = 0;
  for (std::size_t at = index.find("\"/assets/"); at != std::string::npos;
       at = index.find("\"/assets/", at + 1)) {
    const std::string path = index.substr(at + 2, index.find('"', at + 1) - at - 2);
    EXPECT_TRUE(find_page_file(path).has_value()) << path;
    ++named;
  }
  EXPECT_GE(named, 2u) << index;
}

TEST(Page, NothingElseIsFound) {
  for (const char* path :
       {"", "/", "/index.html", "assets", "assets/", "assets/../index.html", "//", "/manifest.json",
        "assets/nonesuch.js", "assets/..%2f..%2fetc%2fpasswd"})
    EXPECT_FALSE(find_page_file(path).has_value()) << path;
}

TEST(Page, TheIndexHoldsNoScriptAndNoStyleOfItsOwn) {
  const std::string index(find_page_file("index.html")->bytes);
  EXPECT_THAT(index, Not(HasSubstr("<style")));
  EXPECT_THAT(index, Not(HasSubstr("style=")));
  EXPECT_THAT(index, Not(HasSubstr("http://")));
  EXPECT_THAT(index, Not(HasSubstr("https://")));
}

}  // namespace
}  // namespace cairn::page
