#include "plugins/lib/text/partition.h"

#include <gtest/gtest.h>

#include <string>

namespace cairn::text {
namespace {

// Values computed with Python's hashlib: int.from_bytes(sha256(id).digest()[:8], "big") % 6 == 0.
TEST(Partition, IsDecidedByTheIdAlone) {
  EXPECT_TRUE(held_out("doc-19"));
  EXPECT_FALSE(held_out("doc-0"));
  EXPECT_FALSE(held_out("doc-1"));
  EXPECT_FALSE(held_out(""));
}

TEST(Partition, HoldsOutAboutOneInSix) {
  int count = 0;
  for (int i = 0; i < 6000; ++i) count += held_out("doc-" + std::to_string(i)) ? 1 : 0;
  EXPECT_NEAR(count, 1000, 100);
}

}  // namespace
}  // namespace cairn::text
