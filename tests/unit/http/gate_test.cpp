#include "core/http/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::http {
namespace {

using ::testing::HasSubstr;

Answer nothing(const Request&) {
  return Response{};
}

Gate gate() {
  auto router = Router::create({{Method::kGet, "/healthz", Access::open(), nothing},
                                {Method::kGet, "/runs", Access::role("viewer"), nothing},
                                {Method::kPost, "/runs", Access::role("admin"), nothing, 100},
                                {Method::kPost, "/login", Access::open(), nothing}},
                               Access::role("viewer"));
  const AccessCheck check = [](const Request& request,
                               const Access& access) -> std::variant<Identity, Denied> {
    const auto given = request.headers.find("Authorization");
    if (given == "Bearer admin") return Identity{"ann"};
    if (given == "Bearer viewer" && access.role() == "viewer") return Identity{"vic"};
    return given == "Bearer viewer" ? Denied::kForbidden : Denied::kUnknown;
  };
  return {loopback_names(7717), *std::move(router), check, Limits{}};
}

Head head(const std::string& method, const std::string& target, Headers more = {}) {
  Head head;
  head.method = method;
  head.target = target;
  head.headers.add("Host", "localhost:7717");
  for (const auto& [name, value] : more.fields()) head.headers.add(name, value);
  return head;
}
Head as_admin(const std::string& method, const std::string& target, Headers more = {}) {
  more.add("Authorization", "Bearer admin");
  return head(method, target, std::move(more));
}

int status(Head asked) {
  const auto judged = judge(gate(), std::move(asked));
  const auto* refusal = std::get_if<Refusal>(&judged);
  return refusal != nullptr ? refusal->status : 200;
}

TEST(Gate, ARequestComesInAsWhoItIs) {
  const Gate all = gate();
  const auto judged = judge(all, as_admin("GET", "/runs?a=b"));
  const auto& admission = std::get<Admission>(judged);
  EXPECT_EQ(admission.request.who, "ann");
  EXPECT_EQ(admission.request.target.find("a"), "b");
  EXPECT_EQ(admission.route->pattern, "/runs");
  EXPECT_EQ(admission.body_limit, Limits{}.body_bytes);
  EXPECT_EQ(std::get<Admission>(judge(all, as_admin("POST", "/runs"))).body_limit, 100u);
}

TEST(Gate, EveryRouteButTheOpenOnesIsClosedToTheUnknown) {
  const Gate all = gate();
  for (const Route& route : all.router.routes()) {
    for (const char* token : {"", "Bearer nothing", "Bearer", "Basic admin"}) {
      Headers headers;
      if (*token != '\0') headers.add("Authorization", token);
      EXPECT_EQ(status(head(to_string(route.method), route.pattern, headers)),
                route.access.is_open() ? 200 : 401)
          << route.pattern << " with '" << token << "'";
    }
  }
  EXPECT_EQ(status(head("POST", "/runs", {{"Authorization", "Bearer viewer"}})), 403);
}

TEST(Gate, WithoutACheckNobodyIsKnown) {
  Gate all = gate();
  all.access = nullptr;
  const auto judged = judge(all, as_admin("GET", "/runs"));
  EXPECT_EQ(std::get<Refusal>(judged).status, 401);
}

TEST(Gate, NamesOfOpenRoutesOpenNothingElse) {
  for (const char* target :
       {"/healthz/", "//healthz", "/healthz/x", "/x/healthz", "/runs/healthz", "/healthz;x",
        "/healthz%2f", "/healthz%2f..%2fruns", "/healthz/..", "/healthz/../runs", "/HEALTHZ",
        "/healthz%00", "/runs?/healthz", "/runs;/healthz", "/%", "*", "http://localhost/healthz"}) {
    EXPECT_EQ(status(head("GET", target)), 401) << target;
    EXPECT_NE(status(as_admin("GET", target)), 401) << target;
  }
  EXPECT_EQ(status(head("POST", "/healthz")), 401);
  EXPECT_EQ(status(head("BREW", "/healthz")), 401);
}

TEST(Gate, WhoMayKnowIsToldWhatIsWrong) {
  EXPECT_EQ(status(as_admin("GET", "/nothing")), 404);
  EXPECT_EQ(status(as_admin("GET", "/runs/..")), 400);
  EXPECT_EQ(status(as_admin("GET", "/" + std::string(9000, 'a'))), 414);
  EXPECT_EQ(status(as_admin("BREW", "/runs")), 501);
  EXPECT_EQ(status(as_admin("get", "/runs")), 501) << "methods are case-sensitive";
  const auto judged = judge(gate(), as_admin("DELETE", "/runs"));
  EXPECT_EQ(std::get<Refusal>(judged).status, 405);
  EXPECT_EQ(std::get<Refusal>(judged).headers.find("Allow"), "GET, HEAD, POST");
}

TEST(Gate, OnlyItsOwnNamesAreAnsweredTo) {
  const auto with_host = [](Headers headers) {
    const auto refusal = check_host(headers, loopback_names(7717));
    return refusal ? refusal->status : 200;
  };
  for (const char* host : {"localhost:7717", "LOCALHOST:7717", "127.0.0.1:7717", "[::1]:7717"}) {
    EXPECT_EQ(with_host({{"Host", host}}), 200) << host;
  }
  for (const char* host :
       {"evil.test", "evil.test:7717", "localhost.evil.test:7717", "127.0.0.1.nip.test:7717",
        "localhost", "localhost:7718", "localhost:77170", "localhost.:7717", "a@localhost:7717",
        " localhost:7717", "", "0.0.0.0:7717", "127.0.0.2:7717", "[::]:7717"}) {
    EXPECT_EQ(with_host({{"Host", host}}), 421) << host;
  }
  EXPECT_EQ(with_host({}), 400);
  EXPECT_EQ(with_host({{"Host", "localhost:7717"}, {"host", "evil.test"}}), 400);
  EXPECT_EQ(with_host({{"Host", "localhost:7717"}, {"Host", "localhost:7717"}}), 400);
}

TEST(Gate, HostIsCheckedBeforeAnythingElse) {
  Head asked = as_admin("GET", "/nothing");
  asked.headers.set("Host", "evil.test:7717");
  EXPECT_EQ(status(asked), 421);
}

TEST(Gate, NamesAreAddedWithTheirPort) {
  Names names;
  EXPECT_TRUE(add_name(names, "10.0.0.5:8000").ok());
  EXPECT_TRUE(add_name(names, "https://Cairn.example.org").ok());
  EXPECT_FALSE(check_host({{"Host", "cairn.example.org"}}, names));
  EXPECT_FALSE(check_origin(Method::kPost, {{"Origin", "https://cairn.example.org"}}, names));
  EXPECT_TRUE(check_origin(Method::kPost, {{"Origin", "http://cairn.example.org"}}, names));
  for (const char* name :
       {"", "host", "host:", ":80", "a b:80", "http://a:80", "https://", "a/b:80"})
    EXPECT_FALSE(add_name(names, name).ok()) << name;
}

TEST(Gate, PagesOfOthersChangeNothing) {
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    const auto refused = [&](Headers headers) {
      return check_origin(*parse_method(method), headers, loopback_names(7717)).has_value();
    };
    EXPECT_FALSE(refused({})) << "a program, not a browser";
    EXPECT_FALSE(refused({{"Origin", "http://localhost:7717"}, {"Sec-Fetch-Site", "same-origin"}}));
    EXPECT_FALSE(refused({{"Sec-Fetch-Site", "none"}}));
    for (const char* origin : {"null", "http://evil.test", "https://localhost:7717",
                               "http://localhost", "http://localhost:7718", ""}) {
      EXPECT_TRUE(refused({{"Origin", origin}})) << method << " " << origin;
    }
    for (const char* site : {"cross-site", "same-site", ""}) {
      EXPECT_TRUE(refused({{"Sec-Fetch-Site", site}})) << method << " " << site;
    }
  }
  EXPECT_FALSE(check_origin(Method::kGet, {{"Origin", "http://evil.test"}}, loopback_names(7717)));
  EXPECT_EQ(status(as_admin("POST", "/runs", {{"Origin", "null"}})), 403);
}

TEST(Gate, OnlyJsonIsTaken) {
  const auto with_type = [](const std::string& type) {
    Head asked = as_admin("POST", "/runs", {{"Content-Type", type}});
    asked.content_length = 10;
    return status(asked);
  };
  EXPECT_EQ(with_type("application/json"), 200);
  EXPECT_EQ(with_type("Application/JSON; charset=UTF-8"), 200);
  for (const char* type :
       {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/jsonx", "text/plain; application/json", "application/json; charset=utf-16",
        ""}) {
    EXPECT_EQ(with_type(type), 415) << type;
  }
  EXPECT_EQ(status(as_admin("POST", "/runs", {{"Content-Type", "text/plain"}})), 415)
      << "a form without a body";
  Head bare = as_admin("POST", "/runs");
  bare.content_length = 1;
  EXPECT_EQ(status(bare), 415) << "a body of no type";
}

TEST(Gate, BodiesAreCountedBeforeTheyAreRead) {
  Head asked = as_admin("POST", "/runs", {{"Content-Type", "application/json"}});
  asked.content_length = 100;
  EXPECT_EQ(status(asked), 200);
  asked.content_length = 101;
  EXPECT_EQ(status(asked), 413);
  asked.content_length = ~std::uint64_t{0};
  EXPECT_EQ(status(asked), 413);
  Head coded = as_admin("POST", "/runs", {{"Transfer-Encoding", "gzip, chunked"}});
  coded.chunked = true;
  EXPECT_EQ(status(coded), 501);
  EXPECT_EQ(status(as_admin("POST", "/runs", {{"Content-Encoding", "gzip"}})), 415);
  EXPECT_EQ(status(as_admin("POST", "/runs", {{"Expect", "200-maybe"}})), 417);
}

}  // namespace
}  // namespace cairn::http
