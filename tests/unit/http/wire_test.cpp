#include "core/http/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/bearer.h"
#include "core/http/problem.h"
#include "core/http/sse.h"

namespace cairn::http {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Wire, EveryAnswerCarriesTheSecurityHeaders) {
  const std::string head = head_bytes({404, {}, ""}, {3, false, true}, WallTime{Duration{0}});
  EXPECT_THAT(head,
              StartsWith("HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
  EXPECT_THAT(head, EndsWith("Content-Length: 3\r\nConnection: close\r\n\r\n"));
  for (const char* line :
       {"X-Content-Type-Options: nosniff\r\n", "X-Frame-Options: DENY\r\n",
        "Referrer-Policy: no-referrer\r\n", "Cache-Control: no-store\r\n",
        "Content-Security-Policy: default-src 'none';", "Cross-Origin-Opener-Policy: same-origin",
        "Cross-Origin-Resource-Policy: same-origin"}) {
    EXPECT_THAT(head, HasSubstr(line));
  }
}

TEST(Wire, AnAnswerMaySetItsOwnPolicy) {
  const std::string head =
      head_bytes({200, {{"content-security-policy", "default-src 'self'"}}, ""}, {}, WallTime{});
  EXPECT_THAT(head, AllOf(HasSubstr("content-security-policy: default-src 'self'\r\n"),
                          Not(HasSubstr("default-src 'none'"))));
}

TEST(Wire, NoFieldBreaksOutOfTheHead) {
  EXPECT_TRUE(check_response({200, {{"ETag", "\"a\""}}, ""}).ok());
  for (const auto& [name, value] : std::vector<Headers::Field>{{"X", "a\r\nSet-Cookie: b"},
                                                               {"X\r\nY", "a"},
                                                               {"X", "a\nb"},
                                                               {"X Y", "a"},
                                                               {"", "a"},
                                                               {"X", std::string("\0", 1)},
                                                               {"Content-Length", "3"},
                                                               {"transfer-encoding", "chunked"},
                                                               {"Connection", "close"}}) {
    EXPECT_FALSE(check_response({200, {{name, value}}, ""}).ok()) << name << ": " << value;
  }
  EXPECT_FALSE(check_response({100, {}, ""}).ok());
}

TEST(Wire, AnEmptyPieceIsNotTheEnd) {
  EXPECT_EQ(chunk_bytes(""), "");
  EXPECT_EQ(chunk_bytes(std::string(26, 'x')), "1a\r\n" + std::string(26, 'x') + "\r\n");
}

TEST(Wire, EventsKeepEveryLine) {
  EXPECT_EQ(to_bytes({"a", "7", "log"}), "id: 7\nevent: log\ndata: a\n\n");
  EXPECT_EQ(to_bytes({"a\nb\r\nc\rd\n", "", ""}), "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
  EXPECT_EQ(to_bytes({"", "", ""}), "data: \n\n");
  EXPECT_EQ(to_bytes({"x", "1\ndata: forged", "a\rb"}),
            "id: 1data: forged\nevent: ab\ndata: x\n\n");
}

TEST(Wire, AnErrorBecomesAProblem) {
  Error error = invalid_argument("there is no stage type 'imprt'", "did you mean 'import'?");
  error.where = Where{"a.yaml", 8, 11};
  const Response response = problem_response(error);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.find("content-type"), "application/problem+json");
  EXPECT_EQ(std::get<std::string>(response.body),
            R"({"type":"urn:cairn:problem:bad-request","title":"Bad Request","status":400,)"
            R"("detail":"there is no stage type 'imprt'","code":")" +
                std::string(to_string(error.code)) +
                R"(","hint":"did you mean 'import'?","errors":[{"file":"a.yaml","line":8,)"
                R"("column":11,"message":"there is no stage type 'imprt'"}]})");
}

TEST(Wire, ABearerTokenIsOneHeaderOfThatScheme) {
  EXPECT_EQ(bearer_token({{"authorization", "bearer  abc "}}), "abc");
  EXPECT_FALSE(bearer_token({{"Authorization", "Basic abc"}}));
  EXPECT_FALSE(bearer_token({{"Authorization", "Bearer a"}, {"Authorization", "Bearer b"}}));
  EXPECT_FALSE(bearer_token({}));
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", ""));
}

}  // namespace
}  // namespace cairn::http
