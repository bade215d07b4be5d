#include "core/server/security/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/text.h"
#include "tests/unit/security/fixture.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kPage = "X-Cairn-Page: 1\r\n";

class SessionTest : public DoorTest {};

TEST_F(SessionTest, ACodeBecomesACookieThatScriptsCannotRead) {
  serve();
  const std::string code = tokens_->make_code(Role::kAdmin, kAdminId)->secret;
  const http::Reply reply = sign_in(code);
  ASSERT_EQ(reply.status, 200);
  const json::object body = reply.json();
  EXPECT_EQ(body.at("who").as_string(), "admin");
  EXPECT_EQ(body.at("role").as_string(), "admin");
  EXPECT_EQ(body.at("expires_at").as_string(), format_rfc3339(clock_.now() + kSessionLife));
  EXPECT_THAT(
      reply.header("Set-Cookie"),
      AllOf(HasSubstr("cairn_session="), HasSubstr("; HttpOnly"), HasSubstr("; SameSite=Strict"),
            HasSubstr("; Path=/"), HasSubstr("; Max-Age=2592000"), Not(HasSubstr("Secure")),
            Not(HasSubstr("Domain"))));
  EXPECT_EQ(reply.header("Cache-Control"), "no-store");
  const std::string cookie = cookie_of_reply(reply);
  EXPECT_EQ(ask("GET", "/api/v1/runs", cookie).json().at("who").as_string(), "admin");
  EXPECT_EQ(ask("POST", "/api/v1/runs", cookie + kPage).status, 200);
  EXPECT_EQ(ask("POST", "/api/v1/runs", cookie).status, 403);
  EXPECT_EQ(sign_in(code).status, 401) << "a code is good once";
}

TEST_F(SessionTest, BehindTlsTheCookieStaysThere) {
  serve({}, {.secure = true});
  const http::Reply reply = sign_in(tokens_->make_code(Role::kAdmin, kAdminId)->secret);
  EXPECT_THAT(reply.header("Set-Cookie"), HasSubstr("; Secure"));
}

TEST_F(SessionTest, ATokenBecomesACookieOfItsRole) {
  serve();
  const Minted vic = make(Role::kViewer, "vic", std::chrono::hours(1));
  const http::Reply reply = ask("POST", "/api/v1/session/token", bearer(vic.secret));
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json().at("who").as_string(), "vic");
  EXPECT_EQ(reply.json().at("role").as_string(), "viewer");
  EXPECT_THAT(reply.header("Set-Cookie"), Not(HasSubstr(vic.secret)));
  const std::string cookie = cookie_of_reply(reply);
  EXPECT_EQ(ask("GET", "/api/v1/runs", cookie).status, 200);
  EXPECT_EQ(ask("POST", "/api/v1/runs", cookie + kPage).status, 403);
  EXPECT_EQ(ask("POST", "/api/v1/session/token", cookie + kPage).status, 400)
      << "a session makes no further one";
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(ask("GET", "/api/v1/runs", cookie).status, 401);
}

TEST_F(SessionTest, OneMayAskWhoOneIs) {
  serve();
  const http::Reply admin = ask("GET", "/api/v1/session", bearer(admin_));
  EXPECT_EQ(admin.json().at("who").as_string(), "admin");
  EXPECT_FALSE(admin.json().contains("expires_at")) << "it has no end";
  EXPECT_EQ(ask("GET", "/api/v1/session").status, 401);
}

TEST_F(SessionTest, SigningOutEndsTheSessionAndNoOther) {
  serve();
  const std::string first = session_cookie_of(admin_);
  const std::string second = session_cookie_of(admin_);
  EXPECT_EQ(ask("DELETE", "/api/v1/session", first).status, 403) << "a page says that it is one";
  const http::Reply reply = ask("DELETE", "/api/v1/session", first + kPage);
  EXPECT_EQ(reply.status, 204);
  EXPECT_THAT(reply.header("Set-Cookie"),
              AllOf(HasSubstr("cairn_session=;"), HasSubstr("Max-Age=0")));
  EXPECT_EQ(ask("GET", "/api/v1/session", first).status, 401);
  EXPECT_EQ(ask("GET", "/api/v1/session", second).status, 200);
  EXPECT_EQ(ask("DELETE", "/api/v1/session", bearer(admin_)).status, 204);
  EXPECT_EQ(ask("GET", "/api/v1/session", bearer(admin_)).status, 200) << "a token is not ended";
}

TEST_F(SessionTest, RevokedAndEndedSessionsAreNobodys) {
  serve();
  const Minted ann = make(Role::kAdmin, "ann");
  const std::string cookie = session_cookie_of(ann.secret);
  EXPECT_EQ(ask("GET", "/api/v1/runs", cookie).status, 200);
  ASSERT_TRUE(AccessTokens::open(folder_, clock_).value()->revoke(ann.entry.id).ok())
      << "by a command";
  EXPECT_EQ(ask("GET", "/api/v1/runs", cookie).status, 401);
  EXPECT_EQ(ask("GET", "/api/v1/runs", bearer(ann.secret)).status, 401);
  const std::string other = session_cookie_of(admin_);
  clock_.advance(kSessionLife);
  EXPECT_EQ(ask("GET", "/api/v1/runs", other).status, 401);
}

TEST_F(SessionTest, AdminsMakeListAndRevokeTokens) {
  serve();
  const http::Reply made = ask("POST", "/api/v1/tokens", bearer(admin_),
                               R"({"label": "ann", "role": "admin", "expires": "1d"})");
  ASSERT_EQ(made.status, 201);
  const std::string token(made.json().at("token").as_string());
  const std::string id(made.json().at("id").as_string());
  const std::string cookie = session_cookie_of(token);
  (void)tokens_->make_code(Role::kAdmin, kAdminId);
  const http::Reply listed = ask("GET", "/api/v1/tokens", bearer(token));
  ASSERT_EQ(listed.status, 200);
  std::vector<std::string> kinds;
  const json::object document = listed.json();
  for (const auto& one : document.at("tokens").as_array())
    kinds.emplace_back(one.at("kind").as_string());
  EXPECT_EQ(kinds, (std::vector<std::string>{"token", "token", "session"})) << "and no codes";
  EXPECT_THAT(listed.body, AllOf(Not(HasSubstr(token)), Not(HasSubstr("sha256"))));
  EXPECT_EQ(ask("DELETE", "/api/v1/tokens/" + id, cookie).status, 403) << "no mark";
  EXPECT_EQ(ask("DELETE", "/api/v1/tokens/" + id, cookie + kPage).status, 204) << "its own";
  EXPECT_EQ(ask("GET", "/api/v1/tokens", bearer(token)).status, 401);
  EXPECT_EQ(ask("DELETE", "/api/v1/tokens/" + id, bearer(admin_)).status, 404);
}

TEST_F(SessionTest, ATokenThatCannotBeIsRefusedWithItsReason) {
  serve();
  for (const char* body :
       {R"({"role": "root"})", R"({"label": "admin"})", R"({"label": 7})", R"({"expires": "soon"})",
        R"({"expires": "0s"})", R"({"expires": "9999d"})", R"({"lable": "x"})", "[]", "{"})
    EXPECT_EQ(ask("POST", "/api/v1/tokens", bearer(admin_), body).status, 400) << body;
  EXPECT_EQ(tokens_->list()->size(), 1u);
}

TEST_F(SessionTest, TheAuditLogSaysWhoSignedInAndOut) {
  serve();
  const Minted ann = make(Role::kAdmin, "ann");
  const std::string cookie = session_cookie_of(ann.secret);
  (void)sign_in(tokens_->make_code(Role::kAdmin, kAdminId)->secret);
  (void)sign_in("wrong");
  (void)ask("DELETE", "/api/v1/session", cookie + kPage);
  (void)ask("GET", "/api/v1/runs", bearer(ann.secret));
  (void)ask("DELETE", "/api/v1/runs/r1", bearer(ann.secret));
  server_.reset();
  const std::string audit = contents_of(folder_ / "audit.jsonl");
  std::vector<std::string> told;
  for (const std::string_view text : split(trim(audit), '\n')) {
    const json::object line = parse_json_object(text).value();
    std::string short_line = std::string(line.at("who").as_string()) + " " +
                             std::string(line.at("method").as_string()) + " " +
                             std::string(line.at("route").as_string()) + " " +
                             std::to_string(line.at("status").as_int64());
    if (line.at("values").as_object().contains("id"))
      short_line += " " + std::string(line.at("values").at("id").as_string());
    told.push_back(short_line);
  }
  EXPECT_EQ(told, (std::vector<std::string>{
                      "ann POST /api/v1/session/token 200", "admin POST /api/v1/session 200",
                      " POST /api/v1/session 401", "ann DELETE /api/v1/session 204",
                      "ann DELETE /api/v1/runs/{id} 200 r1"}));
}

}  // namespace
}  // namespace cairn
