#include "core/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace cairn {
namespace {

Result<std::unique_ptr<int>> boxed(bool good) {
  if (!good) return invalid_argument("bad box", "use a good one");
  return std::make_unique<int>(7);
}

Result<int> unboxed(bool good) {
  CAIRN_ASSIGN(auto box, boxed(good));
  return *box;
}

TEST(Result, AssignMovesTheValueOrPassesTheError) {
  ASSERT_TRUE(unboxed(true).ok());
  EXPECT_EQ(*unboxed(true), 7);
  const auto failed = unboxed(false);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(failed.error().to_string(), "bad box (use a good one)");
}

TEST(Result, PositionStandsBeforeTheMessage) {
  Error error = invalid_argument("unknown key");
  error.where = Where{"flow.yaml", 3, 7};
  EXPECT_EQ(error.to_string(), "flow.yaml:3:7: unknown key");
}

TEST(Result, ContextKeepsCodeAndHint) {
  const Error error = with_context(conflict("held", "wait"), "open the store");
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_EQ(error.hint, "wait");
  EXPECT_NE(error.message.find("open the store"), std::string::npos);
  EXPECT_NE(error.message.find("held"), std::string::npos);
}

TEST(Result, IoErrorNamesPathAndReason) {
  const Error error = io_error("write", "state/journal", ENOSPC);
  EXPECT_NE(error.message.find("state/journal"), std::string::npos);
  EXPECT_NE(error.message.find("No space left"), std::string::npos);
  EXPECT_FALSE(error.hint.empty());
}

TEST(ResultDeathTest, ValueOfAnErrorEndsTheProcess) {
  EXPECT_DEATH((void)unboxed(false).value(), "bad box");
}

}  // namespace
}  // namespace cairn
