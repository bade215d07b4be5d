// What attacks on systems of this kind did, tried here over the wire: docs/security.md has the
// table of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <thread>

#include "tests/unit/security/fixture.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AttackTest : public DoorTest {
 protected:
  void serve_all() {
    http::ServerOptions options;
    options.limits.strangers = {0, 0};
    options.limits.requests = {0, 0};
    serve(options);
  }
  // A path that the pattern matches.
  static std::string path_of(const std::string& pattern) {
    std::string path = pattern;
    for (const auto& [part, text] :
         {std::pair<std::string, std::string>{"{id}", "r1"}, {"{path...}", "a/b.js"}}) {
      if (const auto at = path.find(part); at != std::string::npos)
        path.replace(at, part.size(), text);
    }
    return path;
  }
  // All that is no credential, and what nearly is one.
  std::vector<std::string> no_credentials() {
    std::string wrong = admin_;
    wrong[0] = wrong[0] == '0' ? '1' : '0';
    const std::string upper = "Authorization: BEARER " + wrong + "\r\n";
    const std::string session =
        tokens_->redeem(tokens_->make_code(Role::kAdmin, kAdminId)->secret)->secret;
    const std::string code = tokens_->make_code(Role::kAdmin, kAdminId)->secret;
    return {"",
            "Authorization:\r\n",
            "Authorization: Bearer\r\n",
            "Authorization: Bearer \r\n",
            bearer("nothing"),
            bearer("null"),
            bearer("undefined"),
            bearer(wrong),
            upper,
            bearer(admin_.substr(0, 63)),
            bearer(admin_ + "0"),
            bearer(admin_ + " " + admin_),
            bearer(admin_ + "," + admin_),
            bearer(session),
            bearer(code),
            bearer(admin_) + bearer(admin_),
            "Authorization: " + admin_ + "\r\n",
            "Authorization: Basic " + admin_ + "\r\n",
            "Authorization: Token " + admin_ + "\r\n",
            "Proxy-Authorization: Bearer " + admin_ + "\r\n",
            "X-Api-Key: " + admin_ + "\r\n",
            "X-Forwarded-User: admin\r\n",
            "Cookie: cairn_session=\r\n",
            "Cookie: cairn_session=" + admin_ + "\r\n",
            "Cookie: cairn_session=" + code + "\r\n",
            "Cookie: token=" + admin_ + "\r\n",
            "Cookie: cairn_session=" + session + "; cairn_session=" + session + "\r\n",
            "Cookie: cairn_session=" + session + "\r\nCookie: a=b\r\n"};
  }
  bool is_open(const std::string& method, const std::string& pattern) {
    for (const http::Route& route : routes_) {
      const bool same = method == to_string(route.method) ||
                        (method == "HEAD" && route.method == http::Method::kGet);
      if (route.pattern == pattern && same) return route.access.is_open();
    }
    return false;
  }
};

TEST_F(AttackTest, EveryRouteAndMethodIsClosedToStrangers) {
  serve_all();
  std::set<std::string> open;
  const auto credentials = no_credentials();
  for (const http::Route& route : routes_) {
    const std::string path = path_of(route.pattern);
    for (const char* method :
         {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get"}) {
      const bool is_login = route.pattern == "/api/v1/session" && std::string(method) == "POST";
      for (const std::string& credential : credentials) {
        const int status = ask(method, path, credential).status;
        if (is_open(method, route.pattern) && !is_login) {
          open.insert(std::string(method) + " " + route.pattern);
          EXPECT_EQ(status, 200) << method << " " << path;
        } else {
          EXPECT_EQ(status, 401) << method << " " << path << " with " << credential;
        }
      }
    }
  }
  EXPECT_EQ(open, (std::set<std::string>{"GET /", "HEAD /", "GET /assets/{path...}",
                                         "HEAD /assets/{path...}", "GET /healthz", "HEAD /healthz",
                                         "GET /readyz", "HEAD /readyz"}));
}

TEST_F(AttackTest, ATokenInTheTargetOpensNothing) {
  serve_all();
  for (const char* name : {"token", "access_token", "api_key", "authorization", "code"}) {
    const std::string query = "?" + std::string(name) + "=" + admin_;
    EXPECT_EQ(ask("GET", "/api/v1/runs" + query).status, 401);
    EXPECT_EQ(ask("GET", "/api/v1/events" + query).status, 401);
  }
  EXPECT_EQ(
      ask("POST", "/api/v1/session?code=" + tokens_->make_code(Role::kAdmin, kAdminId)->secret)
          .status,
      401);
}

TEST_F(AttackTest, ViewersChangeNothing) {
  serve_all();
  const std::string viewer = bearer(make(Role::kViewer, "vic").secret);
  for (const http::Route& route : routes_) {
    if (route.access.is_open()) continue;
    const int status = ask(to_string(route.method), path_of(route.pattern), viewer).status;
    EXPECT_EQ(status == 403, route.access.role() == "admin") << route.pattern;
  }
}

TEST_F(AttackTest, NamesOfOpenRoutesOpenNothingElse) {
  serve_all();
  for (const char* path : {"/healthz/",
                           "//healthz",
                           "/healthz/x",
                           "/api/v1/runs/healthz",
                           "/healthz;x=1",
                           "/healthz%2f",
                           "/healthz%2f..%2fapi%2fv1%2fruns",
                           "/healthz/..",
                           "/healthz/../api/v1/runs",
                           "/HEALTHZ",
                           "/healthz%00",
                           "/api/v1/runs?/healthz",
                           "/api/v1/runs;/healthz",
                           "/api/v1/runs/..;/healthz",
                           "/assets",
                           "/assets/",
                           "/assets/../api/v1/runs",
                           "/assets/..%2fapi/v1/runs",
                           "/assets/%2e%2e/api/v1/runs",
                           "/assets/..\\api",
                           "/assets/%5c..%5capi",
                           "/assets/%252e%252e/x/..",
                           "/assets//etc/passwd",
                           "/.",
                           "/./api/v1/runs",
                           "/api/v1/session/",
                           "/api/v1/session/x",
                           "/api//v1/session",
                           "/api/v1/runs/readyz",
                           "/readyz/../api/v1/runs",
                           "/index.html",
                           "/%",
                           "*",
                           "http://127.0.0.1/healthz"}) {
    EXPECT_EQ(ask("GET", path).status, 401) << path;
    EXPECT_NE(ask("GET", path, bearer(admin_)).status, 401) << path;
  }
}

TEST_F(AttackTest, OtherHostsAreTurnedAwayWhoeverAsks) {
  serve_all();
  const std::string port_text = std::to_string(port());
  const auto status = [&](const std::string& host_lines) {
    http::Client client(port());
    client.send("GET /api/v1/runs HTTP/1.1\r\n" + host_lines + bearer(admin_) + "\r\n");
    return client.reply().status;
  };
  EXPECT_EQ(status("Host: 127.0.0.1:" + port_text + "\r\n"), 200);
  EXPECT_EQ(status("Host: LOCALHOST:" + port_text + "\r\n"), 200);
  for (const std::string& host :
       {std::string("evil.test"), "evil.test:" + port_text, "localhost.evil.test:" + port_text,
        "127.0.0.1.nip.test:" + port_text, std::string("127.0.0.1"), std::string("localhost:1"),
        "127.0.0.1:" + port_text + "@evil.test", "evil.test#127.0.0.1:" + port_text,
        "127.1:" + port_text, "2130706433:" + port_text, "0.0.0.0:" + port_text,
        "[::ffff:127.0.0.1]:" + port_text, "localhost.:" + port_text, std::string()}) {
    EXPECT_EQ(status("Host: " + host + "\r\n"), 421) << host;
    EXPECT_EQ(status("Host: " + host + "\r\nX-Forwarded-Host: 127.0.0.1:" + port_text + "\r\n"),
              421);
  }
  EXPECT_EQ(status(""), 400);
  EXPECT_EQ(status("Host: 127.0.0.1:" + port_text + "\r\nHost: evil.test\r\n"), 400);
  EXPECT_EQ(status("Host: evil.test\r\nHost: 127.0.0.1:" + port_text + "\r\n"), 400);
}

TEST_F(AttackTest, PagesOfOthersChangeNothingByWhateverMethod) {
  serve_all();
  const std::string cookie = session_cookie_of(admin_);
  const std::string own = "Origin: " + origin() + "\r\n";
  const std::string mark = "X-Cairn-Page: 1\r\n";
  struct From {
    std::string headers;
    bool ours;
  };
  const std::vector<From> origins = {
      {"", true},
      {own, true},
      {own + "Sec-Fetch-Site: same-origin\r\n", true},
      {"Sec-Fetch-Site: none\r\n", true},
      {"Origin: null\r\n", false},
      {"Origin: http://evil.test\r\n", false},
      {"Origin: " + origin() + ".evil.test\r\n", false},
      {"Origin: https://127.0.0.1:" + std::to_string(port()) + "\r\n", false},
      {"Origin: http://127.0.0.1\r\n", false},
      {"Origin: http://localhost:1\r\n", false},
      {"Origin:\r\n", false},
      {own + "Origin: http://evil.test\r\n", false},
      {own + "Sec-Fetch-Site: cross-site\r\n", false},
      {"Sec-Fetch-Site: same-site\r\n", false},
      {"Sec-Fetch-Site: cross-site\r\n", false}};
  struct Type {
    std::string header;
    bool json;
  };
  const std::vector<Type> types = {{"Content-Type: application/json\r\n", true},
                                   {"Content-Type: application/json; charset=utf-8\r\n", true},
                                   {"Content-Type: text/plain\r\n", false},
                                   {"Content-Type: application/x-www-form-urlencoded\r\n", false},
                                   {"Content-Type: multipart/form-data; boundary=x\r\n", false},
                                   {"Content-Type: text/plain; application/json\r\n", false},
                                   {"", false}};
  const std::string length = "Content-Length: 2\r\n";
  for (const char* line : {"POST /api/v1/runs", "PUT /api/v1/runs/r1", "PATCH /api/v1/runs/r1",
                           "DELETE /api/v1/runs/r1"}) {
    for (const From& from : origins) {
      for (const Type& type : types) {
        for (const std::string& who : {bearer(admin_), cookie + mark, cookie}) {
          http::Client client(port());
          client.ask(line, who + from.headers + type.header + length, "{}");
          const int status = client.reply().status;
          const bool marked = who != cookie;
          const int expected = !marked || !from.ours ? 403 : type.json ? 200 : 415;
          EXPECT_EQ(status, expected) << line << "\n" << who << from.headers << type.header;
        }
      }
    }
  }
}

TEST_F(AttackTest, NobodyIsToldThatAnotherOriginMay) {
  serve_all();
  for (const http::Route& route : routes_) {
    http::Client client(port());
    client.ask("OPTIONS " + path_of(route.pattern),
               bearer(admin_) +
                   "Origin: http://evil.test\r\n"
                   "Access-Control-Request-Method: DELETE\r\n"
                   "Access-Control-Request-Headers: x-cairn-page\r\n");
    const http::Reply reply = client.reply();
    EXPECT_EQ(reply.status, 405);
    for (const auto& [name, value] : reply.headers.fields())
      EXPECT_THAT(http::lower_case(name), Not(HasSubstr("access-control")));
  }
}

TEST_F(AttackTest, TheLoginTellsNothingButThatACodeIsWrong) {
  serve_all();
  const std::string code = tokens_->make_code(Role::kAdmin, kAdminId)->secret;
  std::set<std::string> answers;
  std::string spoilt = code;
  spoilt.back() = spoilt.back() == '0' ? '1' : '0';
  const std::string session =
      tokens_->redeem(tokens_->make_code(Role::kAdmin, kAdminId)->secret)->secret;
  for (const std::string& body :
       {std::string(), std::string("{}"), std::string("null"), std::string("[]"), std::string("{"),
        std::string("\xff"), std::string("\"" + code + "\""), R"({"code":")" + spoilt + R"("})",
        R"({"code":")" + admin_ + R"("})", R"({"code":")" + session + R"("})",
        std::string(R"({"code":""})"), std::string(R"({"code":null})"),
        std::string(R"({"code":{"$ne":""}})"), R"({"code":[")" + code + R"("]})",
        R"({"Code":")" + code + R"("})", std::string(2000, '['),
        std::string(R"({"code":")" + code + " \"}")}) {
    const http::Reply reply = ask("POST", "/api/v1/session", "", body);
    EXPECT_EQ(reply.status, 401) << body;
    EXPECT_EQ(reply.header("Set-Cookie"), "");
    json::object problem = reply.json();
    problem.erase("trace_id");
    answers.insert(json::serialize(problem));
  }
  EXPECT_EQ(answers.size(), 1u) << "the same words, whatever was wrong";
  EXPECT_EQ(ask("POST", "/api/v1/session", "", std::string(5000, ' ')).status, 413);
  EXPECT_EQ(sign_in(code).status, 200) << "and the code is still good";
}

TEST_F(AttackTest, OfManyWhoSignInWithOneCodeOneDoes) {
  serve_all();
  const std::string code = tokens_->make_code(Role::kAdmin, kAdminId)->secret;
  const std::string body = json::serialize(json::object{{"code", code}});
  std::atomic<int> in{0};
  std::atomic<int> out{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        http::Client client(port());
        client.post("/api/v1/session", body);
        const int status = client.reply().status;
        if (status == 200) ++in;
        if (status == 401) ++out;
      });
    }
  }
  EXPECT_EQ(in, 1);
  EXPECT_EQ(out, 15);
}

TEST_F(AttackTest, GuessingIsSlowAndLocksNobodyOut) {
  serve();
  http::Client guesser(port());
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    guesser.post("/api/v1/session", R"({"code":")" + std::to_string(i) + R"("})");
    if (guesser.reply().status == 429) ++refused;
  }
  EXPECT_EQ(refused, 180);
  EXPECT_EQ(ask("GET", "/api/v1/runs", bearer(admin_)).status, 200);
  EXPECT_EQ(sign_in(tokens_->make_code(Role::kAdmin, kAdminId)->secret).status, 200);
  server_.reset();
  const std::string audit = contents_of(folder_ / "audit.jsonl");
  EXPECT_LE(std::ranges::count(audit, '\n'), 25) << "nor does it flood the audit log";
}

TEST_F(AttackTest, EveryAnswerCarriesItsPolicies) {
  serve_all();
  std::vector<http::Reply> replies;
  for (const http::Route& route : routes_) {
    for (const std::string& who : {std::string(), bearer(admin_)})
      replies.push_back(ask(to_string(route.method), path_of(route.pattern), who));
  }
  replies.push_back(ask("POST", "/api/v1/runs/r1/fails", bearer(admin_)));
  replies.push_back(ask("GET", "/nothing", bearer(admin_)));
  replies.push_back(ask("BREW", "/", bearer(admin_)));
  http::Client broken(port());
  broken.send("no request\r\n\r\n");
  replies.push_back(broken.reply());
  for (const http::Reply& reply : replies) {
    ASSERT_GE(reply.status, 200);
    const std::string policy = reply.header("Content-Security-Policy");
    for (const char* part :
         {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"})
      EXPECT_THAT(policy, HasSubstr(part)) << reply.body;
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_EQ(reply.headers.count("Content-Security-Policy"), 1u);
    EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(reply.header("X-Frame-Options"), "DENY");
    EXPECT_EQ(reply.header("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(reply.header("Cross-Origin-Opener-Policy"), "same-origin");
    EXPECT_EQ(reply.header("Cross-Origin-Resource-Policy"), "same-origin");
    EXPECT_THAT(reply.header("Permissions-Policy"), HasSubstr("camera=()"));
    EXPECT_EQ(reply.header("Server"), "");
  }
  EXPECT_THAT(ask("GET", "/api/v1/artifacts/a", bearer(admin_)).header("Content-Security-Policy"),
              HasSubstr("sandbox;"));
  const http::Reply page = ask("GET", "/");
  const http::Reply again = ask("GET", "/");
  EXPECT_NE(page.header("Content-Security-Policy"), again.header("Content-Security-Policy"))
      << "a nonce is good for one answer";
  const std::size_t at = page.body.find("nonce=\"") + 7;
  EXPECT_THAT(page.header("Content-Security-Policy"),
              HasSubstr("'nonce-" + page.body.substr(at, 32) + "'"));
}

TEST_F(AttackTest, NoSecretStandsInALogOrAnAnswer) {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  spdlog::default_logger()->set_level(spdlog::level::trace);
  serve_all();
  const Minted ann = make(Role::kAdmin, "ann");
  const std::string code = tokens_->make_code(Role::kAdmin, kAdminId)->secret;
  const http::Reply signed_in = sign_in(code);
  const std::string cookie = cookie_of_reply(signed_in);
  const std::string session = cookie.substr(cookie.find('=') + 1, 64);
  const std::vector<std::string> secrets = {admin_, ann.secret, code, session};
  std::string bodies = signed_in.body;
  for (const http::Route& route : routes_) {
    for (const std::string& secret : secrets) {
      for (const std::string& headers :
           {bearer(secret), "Cookie: cairn_session=" + secret + "\r\nX-Cairn-Page: 1\r\n",
            bearer(admin_) + "Referer: http://a/?" + secret + "\r\nUser-Agent: " + secret +
                "\r\ntraceparent: " + secret + "\r\n"}) {
        const std::string path = path_of(route.pattern) + "?token=" + secret;
        if (route.pattern == "/api/v1/session" && route.method == http::Method::kDelete) continue;
        bodies += ask(to_string(route.method), path, headers,
                      json::serialize(json::object{{"code", secret + "x"}}))
                      .body;
      }
    }
  }
  bodies += ask("GET", "/assets/../x?" + admin_).body;
  (void)ask("DELETE", "/api/v1/session", cookie + "X-Cairn-Page: 1\r\n");
  std::ofstream(folder_ / "tokens.json", std::ios::app) << "damage";
  (void)ask("GET", "/api/v1/runs", bearer(ann.secret));
  server_.reset();
  spdlog::set_default_logger(before);
  EXPECT_THAT(log.str(), HasSubstr("damaged")) << "the log is looked at";
  for (const std::string& secret : secrets) {
    EXPECT_THAT(log.str(), Not(HasSubstr(secret)));
    EXPECT_THAT(bodies, Not(HasSubstr(secret)));
    for (const auto& file : fs::directory_iterator(folder_)) {
      if (file.path().filename() == "token") continue;
      EXPECT_THAT(contents_of(file.path()), Not(HasSubstr(secret))) << file.path();
    }
  }
  for (const auto& file : fs::directory_iterator(folder_))
    EXPECT_EQ(mode_of(file.path()) & 077U, 0u) << file.path();
}

}  // namespace
}  // namespace cairn
