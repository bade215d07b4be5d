#include "core/http/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(Target, APathIsSplitBeforeItIsDecodedOnce) {
  EXPECT_THAT(parse_target("/").value().parts, ElementsAre(""));
  EXPECT_THAT(parse_target("/a/b%20c").value().parts, ElementsAre("a", "b c"));
  EXPECT_THAT(parse_target("/a%252e").value().parts, ElementsAre("a%2e")) << "once, not twice";
  EXPECT_THAT(parse_target("/a//b/").value().parts, ElementsAre("a", "", "b", ""));
  EXPECT_THAT(parse_target("/r%C3%A9/a+b;c").value().parts, ElementsAre("ré", "a+b;c"));
  EXPECT_EQ(parse_target("/a%20b?x=1").value().path, "/a%20b");
}

TEST(Target, WhatTwoReadersCouldUnderstandDifferentlyIsRefused) {
  for (const char* text : {"",         "a",       "*",           "http://evil.test/",
                           "//..",     "/a/../b", "/a/%2e%2e/b", "/a/.%2E",
                           "/.",       "/a%2fb",  "/a%2Fb",      "/a%5cb",
                           "/a\\b",    "/a%00",   "/a%0d%0a",    "/a%7f",
                           "/%zz",     "/%4",     "/%",          "/a%ff",
                           "/a%c0%af", "/a#b",    "/%u0041"}) {
    EXPECT_FALSE(parse_target(text).ok()) << text;
  }
  EXPECT_THAT(parse_target("/a/%2e%2e").error().message, HasSubstr("'..'"));
  EXPECT_THAT(parse_target("/a%zz").error().message, HasSubstr("'%zz'"));
}

TEST(Target, AQueryKeepsItsOrder) {
  const Target target = parse_target("/a?b=1&b=2&&c&d=x%26y+z&e=%2e%2e%2f").value();
  EXPECT_THAT(target.query, ElementsAre(Pair("b", "1"), Pair("b", "2"), Pair("c", ""),
                                        Pair("d", "x&y z"), Pair("e", "../")));
  EXPECT_EQ(target.find("b"), "1");
  EXPECT_FALSE(target.find("z"));
  EXPECT_FALSE(parse_target("/a?b=%zz").ok());
  EXPECT_FALSE(parse_target("/a?b=%ff").ok());
  EXPECT_FALSE(parse_target("/a?b=%00").ok());
}

TEST(Target, AQueryOfTooManyValuesIsRefused) {
  std::string text = "/a?";
  for (int i = 0; i < 200; ++i) text += "v&";
  EXPECT_TRUE(parse_target(text).ok());
  EXPECT_FALSE(parse_target(text + "v").ok());
}

}  // namespace
}  // namespace cairn::http
