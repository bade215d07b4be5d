#include "core/base/clock.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Clock, Rfc3339RoundTrip) {
  const WallTime time{std::chrono::milliseconds(1'795'430'765'120)};
  const auto text = format_rfc3339(time);
  EXPECT_EQ(text, "2026-11-23T10:46:05.120Z");
  const auto back = parse_rfc3339(text);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, time);
  EXPECT_TRUE(parse_rfc3339("2026-11-23T10:46:05Z").ok());
}

TEST(Clock, BadTimesAreRefused) {
  for (const char* text : {"", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T25:00:00Z",
                           "2026-11-23T10:00:00", "2026-11-23T10:00:00Zjunk"}) {
    EXPECT_FALSE(parse_rfc3339(text).ok()) << text;
  }
}

}  // namespace
}  // namespace cairn
