#include "core/server/reading/rollouts/body_head.h"

#include <gtest/gtest.h>

#include "core/base/text.h"

namespace cairn::reading {
namespace {

constexpr std::string_view kLine =
    R"({"a":1.5e3,"id":"x","list":[{"response":"no"},"]"],"null":null,"answer":"\"7\" \u00e9 é","response":"A long \\ text \ud83d\ude00 with \n escapes"})";

TEST(BodyHead, FindsTextMembersAtTheTopOnly) {
  EXPECT_EQ(text_member(kLine, "id", 99), "x");
  EXPECT_EQ(text_member(kLine, "answer", 99), "\"7\" é é");
  EXPECT_EQ(text_member(kLine, "response", 99), "A long \\ text 😀 with \n escapes");
  EXPECT_EQ(text_member(kLine, "a", 99), std::nullopt);
  EXPECT_EQ(text_member(kLine, "null", 99), std::nullopt);
  EXPECT_EQ(text_member(kLine, "nowhere", 99), std::nullopt);
}

TEST(BodyHead, AnyPrefixGivesAPrefixOfTheText) {
  const std::string whole = *text_member(kLine, "response", 99);
  for (std::size_t length = 0; length <= kLine.size(); ++length) {
    const auto text = text_member(kLine.substr(0, length), "response", 99);
    if (!text) continue;
    EXPECT_TRUE(whole.starts_with(*text)) << length;
    EXPECT_TRUE(is_valid_utf8(*text)) << length;
  }
  for (std::size_t most = 0; most <= whole.size(); ++most) {
    const auto text = text_member(kLine, "response", most);
    ASSERT_TRUE(text.has_value()) << most;
    EXPECT_LE(text->size(), most);
    EXPECT_TRUE(whole.starts_with(*text)) << most;
  }
}

TEST(BodyHead, WhatIsNoObjectHasNoMembers) {
  for (const std::string_view text :
       {"", "{", "[1]", "{\"response\"", "{\"response\":", "{\"response\" \"x\"",
        "{,\"response\":\"x\"}", "{]\"response\":\"x\"}", "{\"a\":}\"response\":\"x\"}", "\\",
        "{\"\\", "{\"a\":[[[[", "null"})
    EXPECT_EQ(text_member(text, "response", 9), std::nullopt) << text;
}

TEST(BodyHead, TextsEndAtCodePoints) {
  EXPECT_EQ(text_head("aé", 3), "aé");
  EXPECT_EQ(text_head("aé", 2), "a");
  EXPECT_EQ(code_point_before("aé", 2), 1U);
  EXPECT_EQ(code_point_before("aé", 9), 3U);
}

}  // namespace
}  // namespace cairn::reading
