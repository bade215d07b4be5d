#include "core/base/framed_log.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

class FramedLog : public ::testing::Test {
 protected:
  FramedLog()
      : folder_(make_private_folder(fs::temp_directory_path(), "framed-").value()),
        path_(folder_ / "log") {}
  ~FramedLog() override { fs::remove_all(folder_); }

  void write(const std::vector<std::string>& frames) {
    auto writer = FramedLogWriter::open(files_, path_).value();
    for (const auto& frame : frames) ASSERT_TRUE(writer.append(frame).ok());
  }

  FileSystem& files_ = real_file_system();
  fs::path folder_;
  fs::path path_;
};

// RFC 3720, B.4.
TEST(Crc32c, MatchesPublishedVectors) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c("6789", crc32c("12345")), 0xE3069283u);
}

TEST_F(FramedLog, GivesBackWhatWasAppended) {
  const std::vector<std::string> frames{"one", "", std::string("a\0b", 3), std::string(9999, 'x')};
  write(frames);
  EXPECT_EQ(read_framed_log(files_, path_)->frames, frames);
  write({"later"});
  EXPECT_EQ(read_framed_log(files_, path_)->frames.back(), "later");
  EXPECT_TRUE(read_framed_log(files_, folder_ / "absent")->frames.empty());
}

TEST_F(FramedLog, IsReplacedAsAWholeAndGoesOn) {
  write({"one", "two", "three"});
  auto writer = FramedLogWriter::open(files_, path_).value();
  ASSERT_TRUE(writer.replace({"three"}).ok());
  ASSERT_TRUE(writer.append("four").ok());
  EXPECT_EQ(read_framed_log(files_, path_)->frames, (std::vector<std::string>{"three", "four"}));
  ASSERT_TRUE(writer.replace({}).ok());
  EXPECT_EQ(fs::file_size(path_), 0u);
  ASSERT_TRUE(writer.append("five").ok());
  ASSERT_TRUE(writer.sync().ok());
  EXPECT_EQ(read_framed_log(files_, path_)->frames, std::vector<std::string>{"five"});
  EXPECT_EQ(writer.size(), fs::file_size(path_));
}

TEST_F(FramedLog, CutAtEveryByteYieldsAPrefixAndGoesOn) {
  const std::vector<std::string> frames{"first", "", "third one"};
  write(frames);
  const std::string whole = files_.read(path_).value();
  std::size_t least = 0;
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    ASSERT_TRUE(files_.write_atomic(path_, whole.substr(0, cut)).ok());
    FramedLogContent content;
    {
      auto writer = FramedLogWriter::open(files_, path_, &content).value();
      ASSERT_TRUE(writer.append("new").ok());
    }
    ASSERT_LE(content.frames.size(), frames.size());
    ASSERT_GE(content.frames.size(), least) << "a longer file lost a frame, cut at " << cut;
    least = content.frames.size();
    for (std::size_t i = 0; i < content.frames.size(); ++i) EXPECT_EQ(content.frames[i], frames[i]);
    const auto after = read_framed_log(files_, path_).value();
    EXPECT_EQ(after.torn_bytes, 0u);
    ASSERT_EQ(after.frames.size(), content.frames.size() + 1);
    EXPECT_EQ(after.frames.back(), "new");
  }
  EXPECT_EQ(least, frames.size());
}

TEST_F(FramedLog, AnyFlippedBitEndsTheReadingBeforeItsFrame) {
  write({"first", "second"});
  const std::string whole = files_.read(path_).value();
  for (std::size_t byte = 0; byte < whole.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
      const auto content = parse_framed_log(damaged);
      EXPECT_EQ(content.frames.size(), byte < 13 ? 0u : 1u) << byte << "." << bit;
    }
  }
}

}  // namespace
}  // namespace cairn
