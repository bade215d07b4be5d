#include "core/http/rate.h"

#include <gtest/gtest.h>

#include "tests/unit/http/fixture.h"

namespace cairn::http {
namespace {

TEST(Rate, ABucketFillsWithTimeAndNeverOverflows) {
  const Rate rate{10, 2};
  EXPECT_EQ(left_at({4, Duration{1000}}, rate, Duration{1000}), 4);
  EXPECT_EQ(left_at({4, Duration{1000}}, rate, Duration{2500}), 7);
  EXPECT_EQ(left_at({4, Duration{1000}}, rate, Duration{1'000'000}), 10);
  EXPECT_EQ(left_at({4, Duration{1000}}, rate, Duration{0}), 4) << "time that went back";
}

TEST(Rate, ABurstGoesThroughThenOneAtATime) {
  RateLimiter limiter({3, 2});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.take("a", Duration{0}));
  EXPECT_EQ(limiter.take("a", Duration{0}), Duration{500});
  EXPECT_EQ(limiter.take("a", Duration{400}), Duration{100}) << "asking costs nothing";
  EXPECT_FALSE(limiter.take("a", Duration{500}));
  EXPECT_TRUE(limiter.take("a", Duration{500}));
  EXPECT_FALSE(limiter.take("b", Duration{500})) << "others have their own";
  EXPECT_FALSE(RateLimiter({0, 0}).take("a", Duration{0})) << "no limit";
}

TEST(Rate, NamesWithoutEndCostNoMemoryWithoutEnd) {
  RateLimiter limiter({2, 1}, 100);
  EXPECT_FALSE(limiter.take("busy", Duration{0}));
  EXPECT_FALSE(limiter.take("busy", Duration{0}));
  for (int i = 0; i < 5000; ++i) {
    (void)limiter.take("stranger " + std::to_string(i), Duration{i});
    if (i % 50 == 0) (void)limiter.take("busy", Duration{i});
    EXPECT_LE(limiter.size(), 100u);
  }
}

TEST(Rate, TheWaitIsToldInWholeSeconds) {
  EXPECT_EQ(retry_after(Duration{1}), "1");
  EXPECT_EQ(retry_after(Duration{1000}), "1");
  EXPECT_EQ(retry_after(Duration{1001}), "2");
  EXPECT_EQ(retry_after(Duration::max()), "3600");
}

TEST(Rate, ANetworkOfIPv6IsOneClient) {
  EXPECT_EQ(rate_name("2001:db8:1:2::1"), rate_name("2001:db8:1:2:ffff::9"));
  EXPECT_NE(rate_name("2001:db8:1:2::1"), rate_name("2001:db8:1:3::1"));
  EXPECT_EQ(rate_name("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(rate_name("::1"), "::1");
  EXPECT_NE(rate_name("::ffff:10.0.0.1"), rate_name("::ffff:10.0.0.2"));
}

class RateOfServer : public ServerTest {};

TEST_F(RateOfServer, AClientThatAsksTooMuchIsToldWhenToComeBack) {
  ServerOptions options;
  options.limits.requests = {5, 1};
  serve(options);
  Client client(port());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get("/echo/a").status, 200);
  const Reply refused = client.get("/echo/a");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(client.get("/secret", "Authorization: Bearer good\r\n").status, 200)
      << "who is known is counted by name";
  pass(Duration{1000});
  EXPECT_EQ(client.get("/echo/a").status, 200);
  EXPECT_EQ(client.get("/echo/a").status, 429);
}

TEST_F(RateOfServer, StrangersAreHeldUpAndWhoIsKnownIsNot) {
  serve();
  Client client(port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/secret").status, 401);
  const Reply refused = client.get("/secret", "Authorization: Bearer bad\r\n");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(refused.header("WWW-Authenticate"), "");
  client.post("/login", "{}");
  EXPECT_EQ(client.reply().status, 429) << "signing in counts, too";
  client.post("/login", "\"code\"");
  EXPECT_EQ(client.reply().status, 204) << "nobody is locked out by a neighbour's guesses";
  EXPECT_EQ(client.get("/secret", "Authorization: Bearer good\r\n").status, 200);
  pass(Duration{2000});
  EXPECT_EQ(client.get("/secret").status, 401);
  EXPECT_EQ(client.get("/secret").status, 401);
  EXPECT_EQ(client.get("/secret").status, 429);
}

TEST_F(RateOfServer, StreamsOfOneClientAreLimited) {
  ServerOptions options;
  options.limits.streams_per_client = 2;
  serve(options);
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::shared_ptr<Stream>> streams;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(std::make_unique<Client>(port()));
    clients.back()->ask("GET /stream");
    streams.push_back(streams_.take());
    EXPECT_NE(clients.back()->head(), "");
  }
  Client third(port());
  third.ask("GET /stream");
  const auto refused = streams_.take();
  const Reply reply = third.reply();
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.header("Retry-After"), "5");
  EXPECT_TRUE(gone_.take());
  EXPECT_EQ(refused->send("x"), Sent::kGone);
  EXPECT_EQ(server_->counts().streams, 2u);
  streams.front()->close();
  EXPECT_EQ(clients.front()->chunk(), "");
  third.ask("GET /stream");
  EXPECT_NE(third.head(), "");
  EXPECT_EQ(server_->counts().streams, 2u);
}

TEST_F(RateOfServer, BehindAProxyClientsAreThoseThatTheProxySaw) {
  ServerOptions options;
  options.limits.requests = {2, 1};
  options.behind_proxy = true;
  serve(options);
  Client proxy(port());
  const auto from = [&](const std::string& address) {
    return proxy.get("/echo/a", "X-Forwarded-For: 6.6.6.6, " + address + "\r\n").status;
  };
  for (const int status : {200, 200, 429}) EXPECT_EQ(from("10.0.0.1"), status);
  EXPECT_EQ(from("10.0.0.2"), 200);
}

TEST_F(RateOfServer, WithoutAProxyNobodyNamesAnotherAddress) {
  ServerOptions options;
  options.limits.requests = {2, 1};
  serve(options);
  Client client(port());
  for (const char* address : {"10.0.0.1", "10.0.0.2"})
    EXPECT_EQ(client.get("/echo/a", std::string("X-Forwarded-For: ") + address + "\r\n").status,
              200);
  EXPECT_EQ(client.get("/echo/a", "X-Forwarded-For: 10.0.0.3\r\n").status, 429);
}

}  // namespace
}  // namespace cairn::http
