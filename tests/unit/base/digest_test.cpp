#include "core/base/digest.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Digest, IsSha256WithItsName) {
  EXPECT_EQ(digest_of("abc"),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, HasherJoinsPiecesAndStartsAnew) {
  Hasher hasher;
  hasher.update("a");
  hasher.update("bc");
  EXPECT_EQ(hasher.finish(), digest_of("abc"));
  hasher.update("abc");
  EXPECT_EQ(hasher.finish(), digest_of("abc"));
}

TEST(Digest, RefusesOtherSpellings) {
  auto digest = digest_of("");
  EXPECT_TRUE(is_digest(digest));
  EXPECT_FALSE(is_digest(digest.substr(7)));
  EXPECT_FALSE(is_digest(digest + "0"));
  EXPECT_FALSE(is_digest("sha256:" + std::string(64, 'G')));
}

}  // namespace
}  // namespace cairn
