#include "core/server/security/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/text.h"
#include "tests/unit/security/fixture.h"

namespace cairn {
namespace {

http::Answered answered() {
  http::Answered one;
  one.method = "GET";
  one.pattern = "/api/v1/runs/{run}";
  one.values = {{"run", "r1"}};
  one.status = 200;
  one.bytes = 5120;
  one.time = Duration{3};
  one.who = "ann";
  one.role = "viewer";
  one.peer = "127.0.0.1";
  one.trace_id = std::string(32, 'a');
  return one;
}

TEST(AccessLine, AGoldenLine) {
  EXPECT_EQ(access_line(answered(), WallTime{Duration{1'767'225'600'000}}),
            "{\"time\":\"2026-01-01T00:00:00.000Z\",\"peer\":\"127.0.0.1\",\"who\":\"ann\","
            "\"method\":\"GET\",\"route\":\"/api/v1/runs/{run}\",\"values\":{\"run\":\"r1\"},"
            "\"status\":200,\"bytes\":5120,\"duration_ms\":3,"
            "\"trace_id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}\n");
}

TEST(AccessLine, IsOneRecordWhateverIsInIt) {
  http::Answered evil = answered();
  evil.values = {{"run", "\x1b]52;c;x\x07\r\n{\"status\":200}\xff"}, {"turned", "\u202egnp.exe"}};
  evil.stream = true;
  const std::string line = access_line(evil, WallTime{Duration{0}});
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  for (const char byte : line.substr(0, line.size() - 1)) {
    EXPECT_GE(static_cast<unsigned char>(byte), 0x20);
    EXPECT_LT(static_cast<unsigned char>(byte), 0x7f);
  }
  const auto read = parse_json_object(line);
  ASSERT_TRUE(read.ok()) << line;
  EXPECT_TRUE(read->at("stream").as_bool());
  EXPECT_EQ(read->at("values").at("turned").as_string(), "\u202egnp.exe");
}

class AccessLogFile : public StateTest {
 protected:
  const fs::path path_ = folder_ / "access.jsonl";
};

TEST_F(AccessLogFile, HoldsEveryRequestForItsOwnerAloneAndOldOnesGo) {
  const auto log = AccessLog::open(path_, clock_, {1000, 2}).value();
  for (int i = 0; i < 50; ++i) {
    http::Answered one = answered();
    one.status = 300 + i;
    log->record(one);
  }
  std::string all;
  for (const char* name : {"access.jsonl.1", "access.jsonl"}) {
    EXPECT_LE(fs::file_size(folder_ / name), 1000u);
    EXPECT_EQ(mode_of(folder_ / name), 0600u);
    all += contents_of(folder_ / name);
  }
  EXPECT_FALSE(fs::exists(folder_ / "access.jsonl.2"));
  const auto lines = split(trim(all), '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = parse_json_object(lines[i]);
    ASSERT_TRUE(line.ok()) << lines[i];
    EXPECT_EQ(static_cast<std::size_t>(line->at("status").as_int64()), 350 - lines.size() + i);
  }
}

TEST_F(AccessLogFile, OthersFilesAndLinksAreRefused) {
  std::ofstream(folder_ / "target") << "";
  fs::create_symlink(folder_ / "target", path_);
  EXPECT_EQ(AccessLog::open(path_, clock_).error().code, ErrorCode::kConflict);
  fs::remove(path_);
  std::ofstream(path_) << "";
  fs::permissions(path_, static_cast<fs::perms>(0644));
  EXPECT_EQ(AccessLog::open(path_, clock_).error().code, ErrorCode::kConflict);
}

}  // namespace
}  // namespace cairn
