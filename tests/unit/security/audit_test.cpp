#include "core/server/security/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/text.h"
#include "tests/unit/security/fixture.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

http::Answered answered(const std::string& method, int status, const std::string& who = "ann") {
  http::Answered one;
  one.method = method;
  one.pattern = "/api/v1/runs/{id}";
  one.values = {{"id", "r1"}};
  one.status = status;
  one.who = who;
  one.role = who.empty() ? "" : "admin";
  one.peer = "127.0.0.1";
  one.trace_id = std::string(32, 'a');
  return one;
}

TEST(Audit, ChangesAndRefusalsAreWrittenDown) {
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "OTHER"}) {
    EXPECT_TRUE(is_audited(answered(method, 200))) << method;
    EXPECT_TRUE(is_audited(answered(method, 409))) << method;
    EXPECT_TRUE(is_audited(answered(method, 0))) << "its client left before the answer";
    EXPECT_FALSE(is_audited(answered(method, 415, ""))) << "of a stranger, and without end";
    EXPECT_FALSE(is_audited(answered(method, 429)));
  }
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    EXPECT_FALSE(is_audited(answered(method, 200))) << method;
    EXPECT_FALSE(is_audited(answered(method, 404))) << method;
  }
  for (const char* who : {"", "ann"}) {
    EXPECT_TRUE(is_audited(answered("GET", 401, who)));
    EXPECT_TRUE(is_audited(answered("GET", 403, who)));
  }
}

TEST(Audit, ALineIsOneRecordWhateverIsInIt) {
  http::Answered evil = answered("POST", 200, "ann\n{\"who\":\"forged\"}");
  evil.values = {{"id", "\x1b]52;c;x\x07\r\n\x9b\xff\x7f"},
                 {"turned", "\u202egnp.exe \u009b2J \U0001f600"},
                 {"name", std::string(10'000, 'x')}};
  const std::string line = audit_line(evil, WallTime{Duration{0}});
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  for (const char byte : line.substr(0, line.size() - 1)) {
    EXPECT_GE(static_cast<unsigned char>(byte), 0x20);
    EXPECT_LT(static_cast<unsigned char>(byte), 0x7f);
  }
  EXPECT_LT(line.size(), 1500u);
  const auto read = parse_json_object(line);
  ASSERT_TRUE(read.ok()) << line;
  EXPECT_THAT(std::string(read->at("who").as_string()), HasSubstr("forged"));
  EXPECT_EQ(read->at("values").at("turned").as_string(), "\u202egnp.exe \u009b2J \U0001f600");
}

TEST(Audit, AGoldenLine) {
  EXPECT_EQ(audit_line(answered("POST", 200), WallTime{Duration{1'767'225'600'000}}),
            "{\"time\":\"2026-01-01T00:00:00.000Z\",\"who\":\"ann\",\"role\":\"admin\","
            "\"peer\":\"127.0.0.1\",\"method\":\"POST\",\"route\":\"/api/v1/runs/{id}\","
            "\"values\":{\"id\":\"r1\"},\"status\":200,"
            "\"trace_id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}\n");
}

class AuditFile : public StateTest {
 protected:
  const fs::path path_ = folder_ / "audit.jsonl";
};

TEST_F(AuditFile, GoesOnWhereItWas) {
  for (int i = 0; i < 2; ++i)
    AuditLog::open(folder_, clock_).value()->record(answered("POST", 200));
  const std::string text = contents_of(path_);
  EXPECT_EQ(split(trim(text), '\n').size(), 2u);
  EXPECT_EQ(mode_of(path_), 0600u);
}

TEST_F(AuditFile, KeepsSoMuchAndNoMore) {
  const auto log = AuditLog::open(folder_, clock_, {1000, 3}).value();
  for (int i = 0; i < 100; ++i) {
    http::Answered one = answered("POST", 200);
    one.values = {{"id", std::to_string(i)}};
    log->record(one);
  }
  std::string all;
  for (const char* name : {"audit.jsonl.2", "audit.jsonl.1", "audit.jsonl"}) {
    EXPECT_LE(fs::file_size(folder_ / name), 1000u);
    EXPECT_EQ(mode_of(folder_ / name), 0600u);
    all += contents_of(folder_ / name);
  }
  EXPECT_FALSE(fs::exists(folder_ / "audit.jsonl.3"));
  const auto lines = split(trim(all), '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = parse_json_object(lines[i]);
    ASSERT_TRUE(line.ok());
    EXPECT_EQ(line->at("values").at("id").as_string(), std::to_string(100 - lines.size() + i))
        << "the newest, in their order, none missing";
  }
}

TEST_F(AuditFile, ThatOthersMayReadIsRefused) {
  std::ofstream(path_) << "";
  fs::permissions(path_, static_cast<fs::perms>(0644));
  EXPECT_EQ(AuditLog::open(folder_, clock_).error().code, ErrorCode::kConflict);
}

}  // namespace
}  // namespace cairn
