#include "core/base/quantity.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Quantity, Durations) {
  EXPECT_EQ(parse_duration("500ms")->count(), 500);
  EXPECT_EQ(parse_duration("10s")->count(), 10'000);
  EXPECT_EQ(parse_duration("1.5m")->count(), 90'000);
  EXPECT_EQ(parse_duration("12h")->count(), 43'200'000);
}

TEST(Quantity, BytesAndTokens) {
  EXPECT_EQ(*parse_bytes("512"), 512u);
  EXPECT_EQ(*parse_bytes("2Gi"), 2147483648u);
  EXPECT_EQ(*parse_bytes("10MB"), 10'000'000u);
  EXPECT_EQ(*parse_tokens("20k"), 20'000u);
  EXPECT_EQ(*parse_tokens("1.5M"), 1'500'000u);
}

TEST(Quantity, GuessesAreRefused) {
  for (const char* text : {"", "10", "-1s", "s", "1e3s", "10 s", "nan", "inf", "10sec"}) {
    EXPECT_FALSE(parse_duration(text).ok()) << text;
  }
  for (const char* text : {"", "B", "-5", "0x10", "99999999999Ti", "1Q"}) {
    EXPECT_FALSE(parse_bytes(text).ok()) << text;
  }
}

}  // namespace
}  // namespace cairn
