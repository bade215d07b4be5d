#include "core/server/reading/line_files.h"

#include <gtest/gtest.h>

#include <fstream>

namespace cairn {
namespace {

TEST(LineFiles, ReadsCursors) {
  const auto cursor = parse_cursor("2:1234");
  ASSERT_TRUE(cursor.ok());
  EXPECT_EQ(cursor->attempt, 2U);
  EXPECT_EQ(cursor->offset, 1234U);
  const auto both = parse_cursor("1:5+77");
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->offset, 5U);
  EXPECT_EQ(both->output_offset, 77U);
  for (const char* wrong : {"", "2", "2:", ":3", "a:1", "1:2+", "1:2x"})
    EXPECT_FALSE(parse_cursor(wrong).ok()) << wrong;
}

class Lines : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = make_private_folder(fs::temp_directory_path(), "cairn-lines-");
    ASSERT_TRUE(folder.ok());
    file_ = *folder / "log";
  }
  void TearDown() override { fs::remove_all(file_.parent_path()); }
  void append(const std::string& text) const {
    std::ofstream(file_, std::ios::binary | std::ios::app) << text;
  }
  std::vector<std::string> read() {
    std::vector<std::string> lines;
    const auto end = read_lines(file_, offset_, [&](std::string_view line, std::uint64_t) {
      lines.emplace_back(line);
      return true;
    });
    EXPECT_TRUE(end.ok());
    offset_ = *end;
    return lines;
  }
  fs::path file_;
  std::uint64_t offset_ = 0;
};

using Texts = std::vector<std::string>;

TEST_F(Lines, GoesOnWhereItStoppedWithWholeLines) {
  EXPECT_EQ(read(), Texts());
  append("one\ntwo\nthr");
  EXPECT_EQ(read(), (Texts{"one", "two"}));
  EXPECT_EQ(read(), Texts());
  append("ee\n");
  EXPECT_EQ(read(), Texts{"three"});
  EXPECT_EQ(offset_, 14U);
}

TEST_F(Lines, AnyOffsetOfALineIsACursor) {
  append("one\ntwo\nthree\n");
  std::vector<std::uint64_t> ends;
  ASSERT_TRUE(read_lines(file_, 0, [&](std::string_view, std::uint64_t end) {
                ends.push_back(end);
                return true;
              }).ok());
  offset_ = ends.at(0);
  EXPECT_EQ(read(), (Texts{"two", "three"}));
}

TEST_F(Lines, StopsWhenToldAndAtTheRightPlace) {
  append("one\ntwo\n");
  const auto end = read_lines(file_, 0, [](std::string_view, std::uint64_t) { return false; });
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(*end, 4U);
}

TEST_F(Lines, LongLinesComeInPiecesAndNothingIsLost) {
  const std::string line(std::size_t{5} << 19, 'x');
  append(line + "\nend\n");
  std::string all;
  std::size_t longest = 0;
  ASSERT_TRUE(read_lines(file_, 0, [&](std::string_view piece, std::uint64_t) {
                all += piece;
                longest = std::max(longest, piece.size());
                return true;
              }).ok());
  EXPECT_EQ(all, line + "end");
  EXPECT_LT(longest, std::size_t{2} << 20);
}

TEST_F(Lines, AShortenedFileGoesOnAtItsEnd) {
  append("one\ntwo\n");
  read();
  fs::resize_file(file_, 4);
  EXPECT_EQ(read(), Texts());
  append("new\n");
  EXPECT_EQ(read(), Texts{"new"});
}

TEST_F(Lines, FindsTheLastLines) {
  EXPECT_EQ(tail_offset(file_, 3).value_or(9), 0U);
  append("one\ntwo\nthree\n");
  EXPECT_EQ(tail_offset(file_, 1).value_or(0), 8U);
  EXPECT_EQ(tail_offset(file_, 2).value_or(0), 4U);
  EXPECT_EQ(tail_offset(file_, 3).value_or(9), 0U);
  EXPECT_EQ(tail_offset(file_, 9).value_or(9), 0U);
  EXPECT_EQ(tail_offset(file_, 0).value_or(0), 14U);
  std::string many;
  for (int i = 0; i < 40'000; ++i) many += "line " + std::to_string(i) + "\n";
  append(many);
  offset_ = tail_offset(file_, 2).value_or(0);
  EXPECT_EQ(read(), (Texts{"line 39998", "line 39999"}));
}

}  // namespace
}  // namespace cairn
