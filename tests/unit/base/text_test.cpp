#include "core/base/text.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Text, NearestWordFindsTyposOnly) {
  const std::vector<std::string> words = {"threshold", "samples", "steps"};
  EXPECT_EQ(nearest_word("treshold", words), "threshold");
  EXPECT_EQ(nearest_word("setps", words), "steps");
  EXPECT_EQ(nearest_word("banana", words), std::nullopt);
  EXPECT_EQ(nearest_word(std::string(100'000, 's'), words), std::nullopt);
}

TEST(Text, Utf8IsCheckedStrictly) {
  EXPECT_TRUE(is_valid_utf8("a é € 😀"));
  for (const char* text : {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xe2\x82", "\x80"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

TEST(Text, PrintableNeverPassesControlBytes) {
  EXPECT_EQ(printable("a\tb\n"), "a\tb\n");
  EXPECT_EQ(printable("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(printable("x\xffy"), "x\xef\xbf\xbdy");
}

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
}

TEST(Text, Quantities) {
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_duration_ms(65'000), "1m 05s");
}

}  // namespace
}  // namespace cairn
