#include "core/http/observe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "core/http/policy.h"
#include "tests/unit/http/fixture.h"

namespace cairn::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class ObserveTest : public ServerTest {
 protected:
  void observe(ServerOptions options = {}) {
    options.observer = [this](const Answered& answered) { answers_.put(answered); };
    serve(std::move(options));
  }
  Box<Answered> answers_;
};

TEST_F(ObserveTest, EveryAnswerIsToldOnce) {
  observe();
  Client client(port());
  client.get("/echo/hello?secret=canary", "X: canary\r\n");
  const Answered echo = answers_.take();
  EXPECT_EQ(echo.method, "GET");
  EXPECT_EQ(echo.pattern, "/echo/{text}");
  EXPECT_THAT(echo.values, ElementsAre(Pair("text", "hello")));
  EXPECT_EQ(echo.status, 200);
  EXPECT_EQ(echo.who, "");
  EXPECT_EQ(echo.peer, "127.0.0.1");
  EXPECT_GT(echo.bytes, 100u);
  client.get("/secret", "Authorization: Bearer good\r\n");
  const Answered secret = answers_.take();
  EXPECT_EQ(secret.who, "ann");
  EXPECT_EQ(secret.role, "admin");
  EXPECT_EQ(client.get("/echo/again").status, 200);
  EXPECT_THAT(answers_.take().values, ElementsAre(Pair("text", "again"))) << "nothing in between";
}

TEST_F(ObserveTest, RefusalsAreToldWithWhatIsKnown) {
  observe();
  const auto told = [&](const std::string& line, const std::string& headers = {}) {
    Client client(port());
    client.ask(line, headers);
    (void)client.reply();
    return answers_.take();
  };
  const Answered denied = told("GET /secret");
  EXPECT_EQ(denied.status, 401);
  EXPECT_EQ(denied.pattern, "/secret");
  EXPECT_EQ(told("GET /nothing").pattern, "");
  EXPECT_EQ(told("BREW /secret").method, "OTHER");
  EXPECT_EQ(told("DELETE /echo/a").status, 405);
  EXPECT_EQ(told("POST /echo", "Origin: http://evil.test\r\n").status, 403);
  Client broken(port());
  broken.send("no request\r\n\r\n");
  EXPECT_EQ(broken.reply().status, 400);
  EXPECT_EQ(answers_.take().method, "OTHER");
}

TEST_F(ObserveTest, WhoSignsInIsTold) {
  observe();
  Client client(port());
  client.post("/login", "\"code\"");
  EXPECT_EQ(client.reply().status, 204);
  EXPECT_EQ(answers_.take().who, "ann");
  client.post("/login", "{}");
  EXPECT_EQ(client.reply().status, 401);
  EXPECT_EQ(answers_.take().who, "");
}

TEST_F(ObserveTest, AStreamIsToldWhenItEnds) {
  observe();
  Client client(port());
  client.ask("GET /stream");
  const auto stream = streams_.take();
  client.head();
  clock_.advance(Duration{5000});
  EXPECT_EQ(stream->send("piece"), Sent::kTaken);
  stream->close();
  const Answered told = answers_.take();
  EXPECT_TRUE(told.stream);
  EXPECT_EQ(told.status, 200);
  EXPECT_EQ(told.time, Duration{5000});
}

TEST_F(ObserveTest, AClientThatGoesBeforeTheAnswerIsToldToo) {
  observe();
  auto client = std::make_unique<Client>(port());
  client->ask("GET /later");
  const auto exchange = exchanges_.take();
  client->vanish();
  const Answered told = answers_.take();
  EXPECT_EQ(told.status, 0);
  EXPECT_EQ(told.pattern, "/later");
}

TEST_F(ObserveTest, AnswersAreCountedByRouteAndClass) {
  observe();
  Client client(port());
  for (int i = 0; i < 3; ++i) client.get("/echo/" + std::to_string(i));
  client.get("/secret");
  client.get("/nothing");
  client.get("/nothing/else");
  for (int i = 0; i < 6; ++i) (void)answers_.take();
  const Counts counts = server_->counts();
  EXPECT_EQ(counts.connections, 1u);
  const RouteCounts& echo = counts.routes.at({"GET", "/echo/{text}"});
  EXPECT_EQ(echo.by_class[2], 3u);
  EXPECT_EQ(echo.durations[0], 3u);
  EXPECT_GT(echo.bytes, 0u);
  EXPECT_EQ(counts.routes.at({"GET", "/secret"}).by_class[4], 1u);
  EXPECT_EQ(counts.routes.at({"GET", ""}).by_class[4], 2u) << "paths that are none share one row";
}

TEST(Tally, DurationsFallIntoTheirClass) {
  Tally tally;
  for (const int time : {0, 1, 2, 3, 30'000, 30'001}) {
    Answered answered;
    answered.method = "GET";
    answered.status = 200;
    answered.time = Duration{time};
    tally.add(answered);
  }
  const RouteCounts counts = tally.counts().routes.at({"GET", ""});
  EXPECT_THAT(counts.durations, ElementsAre(2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1));
  EXPECT_EQ(counts.milliseconds, 60'007u);
}

TEST(Policy, ThePageGetsItsNonceAndNothingOfOthers) {
  const auto nonce = new_nonce();
  ASSERT_TRUE(nonce.ok());
  EXPECT_EQ(nonce->size(), 32u);
  EXPECT_NE(*nonce, *new_nonce());
  const std::string policy = page_policy(*nonce);
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self';"));
  EXPECT_THAT(policy, HasSubstr("style-src 'self' 'nonce-" + *nonce + "';"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'; base-uri 'none'; form-action 'none'"));
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(std::string(kSandboxPolicy).find("sandbox; default-src 'none'"), 0u);
}

class BothLoopbacks : public ServerTest {
 protected:
  // Whether somebody takes connections at ::1; nothing where this machine has no IPv6.
  static std::optional<bool> answers_in_ipv6(std::uint16_t port) {
    const Fd fd(::socket(AF_INET6, SOCK_STREAM, 0));
    if (fd.get() < 0) return std::nullopt;
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    sockaddr_in6 any = address;
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) != 0) return std::nullopt;
    address.sin6_port = htons(port);
    return ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
};

TEST_F(BothLoopbacks, LocalhostIsBothOfThem) {
  ServerOptions options;
  options.host = "localhost";
  serve(options);
  EXPECT_EQ(server_->url(), "http://localhost:" + std::to_string(port()));
  EXPECT_EQ(Client(port()).get("/echo/a").status, 200);
  EXPECT_TRUE(answers_in_ipv6(port()).value_or(true));
  ServerOptions again = options;
  again.port = port();
  EXPECT_FALSE(
      Server::start(again, Router::create({}, Access::open()).value(), nullptr, clock_).ok());
}

TEST_F(BothLoopbacks, ANeighbourAtTheOtherAddressIsNotLeftThere) {
  ServerOptions other;
  other.host = "::1";
  const auto neighbour =
      Server::start(other, Router::create({}, Access::open()).value(), nullptr, clock_);
  if (!neighbour.ok()) return;  // no IPv6, and no neighbour
  ServerOptions options;
  options.host = "localhost";
  options.port = (*neighbour)->port();
  const auto started =
      Server::start(options, Router::create({}, Access::open()).value(), nullptr, clock_);
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().message, HasSubstr("[::1]:"));
}

}  // namespace
}  // namespace cairn::http
