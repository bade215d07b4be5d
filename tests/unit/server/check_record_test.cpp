#include "core/server/check_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace cairn {
namespace {

using ::testing::ElementsAre;

const Digest kLibrary = digest_of("a library");

class CheckRecordTest : public ::testing::Test {
 protected:
  CheckRecordTest()
      : folder_(make_private_folder(fs::temp_directory_path(), "cairn-checks-").value()) {}
  ~CheckRecordTest() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(CheckRecordTest, IsFoundByTheLibrarysDigestAlone) {
  const WallTime at(Duration(1'700'000'000'000));
  ASSERT_TRUE(
      save_check(folder_, kLibrary, {{"one", {at, 9, {}}}, {"two", {at, 9, {"resume"}}}}).ok());
  const CheckRecord found = find_check(folder_, kLibrary);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.at("one").checks, 9U);
  EXPECT_EQ(found.at("one").checked_at, at);
  EXPECT_THAT(found.at("two").failed, ElementsAre("resume"));
  EXPECT_TRUE(find_check(folder_, digest_of("another")).empty());
  EXPECT_EQ(to_json(found.at("one")).at("passed"), true);
  EXPECT_EQ(to_json(found.at("two")).at("passed"), false);
}

TEST_F(CheckRecordTest, AnotherCheckOfOneTypeLeavesTheOthers) {
  const WallTime at(Duration(1'700'000'000'000));
  ASSERT_TRUE(
      save_check(folder_, kLibrary, {{"one", {at, 9, {"resume"}}}, {"two", {at, 9, {}}}}).ok());
  ASSERT_TRUE(save_check(folder_, kLibrary, {{"one", {at + Duration(1), 9, {}}}}).ok());
  const CheckRecord found = find_check(folder_, kLibrary);
  EXPECT_TRUE(found.at("one").failed.empty());
  EXPECT_EQ(found.count("two"), 1U);
}

TEST_F(CheckRecordTest, WithoutAStateFolderNothingIsKeptAndOfDamageNothingIsTold) {
  EXPECT_TRUE(save_check(folder_ / "none", kLibrary, {{"one", {}}}).ok());
  EXPECT_FALSE(fs::exists(folder_ / "none"));
  ASSERT_TRUE(save_check(folder_, kLibrary, {{"one", {}}}).ok());
  const fs::path file = folder_ / "checks" / std::string(digest_hex(kLibrary));
  for (const char* text : {"", "[]", "{\"one\":3}", "{\"one\":{\"checks\":-1}}", "\xff"}) {
    std::ofstream(file, std::ios::trunc) << text;
    EXPECT_TRUE(find_check(folder_, kLibrary).empty()) << text;
  }
}

}  // namespace
}  // namespace cairn
