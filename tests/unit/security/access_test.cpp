#include "core/server/security/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/security/fixture.h"

namespace cairn {
namespace {

TEST(Cookie, IsOneOfThatExactName) {
  const auto cookie = [](http::Headers headers) { return cookie_of(headers, kSessionCookie); };
  EXPECT_EQ(cookie({{"Cookie", "cairn_session=abc"}}), "abc");
  EXPECT_EQ(cookie({{"cookie", "a=b; cairn_session=abc;c=d"}}), "abc");
  EXPECT_EQ(cookie({{"Cookie", "cairn_session="}}), "");
  EXPECT_EQ(cookie({{"Cookie", "cairn_session=a=b"}}), "a=b");
  for (const char* other :
       {"", "cairn_session", "Cairn_session=a", "xcairn_session=a", "cairn_session =a",
        "cairn_session=a; cairn_session=b", "cairn_session=a;cairn_session=a"})
    EXPECT_FALSE(cookie({{"Cookie", other}})) << other;
  EXPECT_FALSE(cookie({}));
  EXPECT_FALSE(cookie({{"Cookie", "cairn_session=a"}, {"Cookie", "b=c"}}));
}

class AccessTest : public StateTest {
 protected:
  AccessTest() {
    viewer_ = make(Role::kViewer, "vic").secret;
    session_ = tokens_->make_session(*tokens_->find(viewer_, TokenKind::kToken))->secret;
    check_ = make_access_check(*tokens_);
  }
  // "who/role", or how it was denied.
  std::string asked(http::Headers headers, const std::string& role = "viewer",
                    http::Method method = http::Method::kGet) {
    http::Request request;
    request.method = method;
    request.headers = std::move(headers);
    const auto decision = check_(request, http::Access::role(role));
    if (const auto* identity = std::get_if<http::Identity>(&decision))
      return identity->who + "/" + identity->role;
    switch (std::get<http::Denied>(decision)) {
      case http::Denied::kUnknown:
        return "unknown";
      case http::Denied::kForbidden:
        return "forbidden";
      case http::Denied::kUnmarked:
        return "unmarked";
    }
    return "";
  }
  static http::Headers::Field bearer_field(const std::string& secret) {
    return {"Authorization", "Bearer " + secret};
  }
  http::Headers::Field cookie_field() const {
    return {"Cookie", std::string(kSessionCookie) + "=" + session_};
  }

  std::string viewer_;
  std::string session_;
  http::AccessCheck check_;
};

TEST_F(AccessTest, RolesAreCompared) {
  EXPECT_EQ(asked({bearer_field(admin_)}, "admin"), "admin/admin");
  EXPECT_EQ(asked({bearer_field(admin_)}, "viewer"), "admin/admin");
  EXPECT_EQ(asked({bearer_field(viewer_)}, "viewer"), "vic/viewer");
  EXPECT_EQ(asked({bearer_field(viewer_)}, "admin"), "forbidden");
  EXPECT_EQ(asked({bearer_field(admin_)}, "owner"), "forbidden") << "a role that nobody has";
}

TEST_F(AccessTest, AHeaderDecidesAloneAndTwoAreNobodys) {
  EXPECT_EQ(asked({cookie_field()}), "vic/viewer");
  EXPECT_EQ(asked({bearer_field(admin_), cookie_field()}, "admin"), "admin/admin");
  EXPECT_EQ(asked({bearer_field("nothing"), cookie_field()}), "unknown");
  EXPECT_EQ(asked({{"Authorization", ""}, cookie_field()}), "unknown");
  EXPECT_EQ(asked({{"Authorization", "Basic x"}, cookie_field()}), "unknown");
  EXPECT_EQ(asked({bearer_field(admin_), bearer_field(admin_)}), "unknown");
  EXPECT_EQ(asked({bearer_field(admin_), {"authorization", "x"}}), "unknown");
}

TEST_F(AccessTest, TokensAreNoCookiesAndCookiesNoTokens) {
  EXPECT_EQ(asked({bearer_field(session_)}), "unknown");
  for (const std::string& token : {admin_, viewer_})
    EXPECT_EQ(asked({{"Cookie", std::string(kSessionCookie) + "=" + token}}), "unknown");
}

TEST_F(AccessTest, WithACookieOnlyAPageThatSaysSoChangesSomething) {
  using http::Method;
  const Minted token = make(Role::kAdmin, "ann");
  session_ = tokens_->make_session(token.entry)->secret;
  for (const Method method : {Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
    EXPECT_EQ(asked({cookie_field()}, "admin", method), "unmarked");
    EXPECT_EQ(asked({cookie_field(), {"X-Cairn-Page", "0"}}, "admin", method), "unmarked");
    EXPECT_EQ(asked({cookie_field(), {"X-Cairn-Page", ""}}, "admin", method), "unmarked");
    EXPECT_EQ(
        asked({cookie_field(), {"X-Cairn-Page", "1"}, {"x-cairn-page", "1"}}, "admin", method),
        "unmarked");
    EXPECT_EQ(asked({cookie_field(), {"X-Cairn-Page", "1"}}, "admin", method), "ann/admin");
    EXPECT_EQ(asked({bearer_field(token.secret)}, "admin", method), "ann/admin");
  }
  EXPECT_EQ(asked({cookie_field()}, "admin", Method::kGet), "ann/admin");
}

}  // namespace
}  // namespace cairn
