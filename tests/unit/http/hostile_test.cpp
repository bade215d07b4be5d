// What clients send that mean harm, or know no better.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/http/fixture.h"

namespace cairn::http {
namespace {

using ::testing::HasSubstr;

class HostileTest : public ServerTest {
 protected:
  // The status that these bytes get; HOST stands for the right Host line.
  int status_of(std::string bytes) {
    const std::string host = "Host: 127.0.0.1:" + std::to_string(port()) + "\r\n";
    if (const auto at = bytes.find("HOST"); at != std::string::npos) bytes.replace(at, 4, host);
    Client client(port());
    client.send(bytes);
    return client.reply().status;
  }
};

TEST_F(HostileTest, WhatIsNoRequestIsRefusedAndTheServerGoesOn) {
  serve();
  EXPECT_EQ(status_of("\x16\x03\x01\x02 TLS\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400) << "a bare line end";
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHOST: no colon\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHOST\r\n"), 505);
  EXPECT_EQ(status_of("GET /echo/a HTTP/1.1\r\nHOST\r\n"), 200);
}

TEST_F(HostileTest, TwoLengthsAreNotGuessedBetween) {
  serve();
  const std::string post = "POST /echo HTTP/1.1\r\nHOSTContent-Type: application/json\r\n";
  EXPECT_EQ(status_of(post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), 400);
  EXPECT_EQ(status_of(post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"), 400);
  EXPECT_EQ(status_of(post + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}"), 400);
  EXPECT_EQ(status_of(post + "Content-Length: -2\r\n\r\n"), 400);
  EXPECT_EQ(status_of(post + "Content-Length: 2x\r\n\r\n{}"), 400);
  EXPECT_EQ(status_of(post + "Transfer-Encoding: identity\r\n\r\n"), 501);
  EXPECT_EQ(status_of(post + "Transfer-Encoding: chunked, gzip\r\n\r\n"), 501);
  EXPECT_EQ(status_of(post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), 400);
}

TEST_F(HostileTest, WrongHostsAreTurnedAwayOverTheWire) {
  serve();
  for (const char* host : {"evil.test", "localhost.evil.test", "127.0.0.1.nip.test", "127.0.0.1"}) {
    EXPECT_EQ(status_of("GET /echo/a HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), 421);
  }
  EXPECT_EQ(status_of("GET /echo/a HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /echo/a HTTP/1.1\r\nHOSTHost: evil.test\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET http://127.0.0.1/echo/a HTTP/1.1\r\nHOST\r\n"), 400);
}

TEST_F(HostileTest, PathsThatClimbOrHideAreRefused) {
  serve();
  for (const char* path : {"/echo/..", "/echo/%2e%2e", "/echo/a%2fb", "/echo/%5c", "/echo/%00",
                           "/echo/%", "/echo/%c0%ae", "/../echo/a"}) {
    EXPECT_EQ(Client(port()).get(path).status, 400) << path;
  }
  EXPECT_EQ(Client(port()).get("/echo/a/").status, 404);
  EXPECT_EQ(Client(port()).get("/nothing").status, 404);
}

TEST_F(HostileTest, MethodsThatAreNotThereAreToldWhatIs) {
  serve();
  Client client(port());
  client.ask("DELETE /echo/a");
  const Reply reply = client.reply();
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply.header("Allow"), "GET, HEAD");
  client.ask("TRACE /echo/a");
  EXPECT_EQ(client.reply().status, 501);
  client.ask("OPTIONS /echo/a", "Origin: http://evil.test\r\n");
  const Reply options = client.reply();
  EXPECT_EQ(options.status, 405);
  EXPECT_EQ(options.header("Access-Control-Allow-Origin"), "");
}

TEST_F(HostileTest, HugeHeadersAreCutShort) {
  ServerOptions options;
  options.limits.header_bytes = 2000;
  options.limits.target_bytes = 500;
  serve(options);
  EXPECT_EQ(Client(port()).get("/echo/a", "X: " + std::string(1000, 'x') + "\r\n").status, 200);
  EXPECT_EQ(Client(port()).get("/echo/a", "X: " + std::string(3000, 'x') + "\r\n").status, 431);
  EXPECT_EQ(Client(port()).get("/echo/" + std::string(600, 'a')).status, 414);
  std::string many;
  for (int i = 0; i < 500; ++i) many += "A:b\r\n";
  EXPECT_EQ(Client(port()).get("/echo/a", many).status, 431);
  Client endless(port());
  const std::string line = "X: " + std::string(60'000, 'x');
  endless.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 200 && endless.send(line); ++i) {
  }
  EXPECT_EQ(endless.reply().status, 431);
}

TEST_F(HostileTest, LargeBodiesAreRefusedBeforeTheyCome) {
  ServerOptions options;
  options.limits.body_bytes = 1000;
  serve(options);
  Client promised(port());
  promised.ask("POST /echo", "Content-Type: application/json\r\nContent-Length: 1001\r\n");
  EXPECT_EQ(promised.reply().status, 413);
  Client sent(port());
  sent.post("/echo", std::string(500'000, ' '));
  EXPECT_EQ(sent.reply().status, 413) << "read by a client that sends first";
  Client chunked(port());
  chunked.ask("POST /echo", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
              "3e8\r\n" + std::string(1000, ' ') + "\r\n1\r\n \r\n0\r\n\r\n");
  EXPECT_EQ(chunked.reply().status, 413);
  Client lying(port());
  lying.ask("POST /echo",
            "Content-Type: application/json\r\nContent-Length: 18446744073709551615\r\n");
  EXPECT_EQ(lying.reply().status, 413);
  Client right(port());
  right.post("/echo", std::string(1000, ' '));
  EXPECT_EQ(right.reply().body.size(), 1000u);
}

TEST_F(HostileTest, BodiesOfAllTogetherAreLimited) {
  ServerOptions options;
  options.limits.body_bytes = 1000;
  options.limits.bodies_bytes = 1500;
  serve(options);
  Client slow(port());
  slow.ask("POST /echo",
           "Content-Type: application/json\r\nContent-Length: 1000\r\n"
           "Expect: 100-continue\r\n");
  EXPECT_THAT(slow.head(), HasSubstr("100"));
  Client other(port());
  other.post("/echo", std::string(1000, ' '));
  const Reply refused = other.reply();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  slow.send(std::string(1000, ' '));
  EXPECT_EQ(slow.reply().status, 200);
  Client again(port());
  again.post("/echo", std::string(1000, ' '));
  EXPECT_EQ(again.reply().status, 200) << "its room is free again";
}

TEST_F(HostileTest, FormsOfOtherPagesAreRefused) {
  serve();
  Client client(port());
  client.ask("POST /echo", "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}");
  EXPECT_EQ(client.reply().status, 415);
  Client cross(port());
  cross.post("/echo", "{}", "Origin: http://evil.test\r\n");
  EXPECT_EQ(cross.reply().status, 403);
  Client fetched(port());
  fetched.post("/echo", "{}", "Sec-Fetch-Site: cross-site\r\n");
  EXPECT_EQ(fetched.reply().status, 403);
}

TEST_F(HostileTest, ASlowHeaderRunsOutOfTime) {
  serve();
  Client client(port());
  client.send("GET /echo/a HTTP/1.1\r\n");
  ASSERT_TRUE(becomes(1));
  // Bytes that drip in give no more time.
  for (int i = 0; i < 9; ++i) {
    client.send("X: y\r\n");
    pass(Duration{1000});
  }
  EXPECT_EQ(server_->connections(), 1u);
  pass(Limits{}.header_time);
  EXPECT_EQ(client.reply().status, 408);
  EXPECT_TRUE(client.ends());
}

TEST_F(HostileTest, ASlowBodyRunsOutOfTime) {
  serve();
  Client client(port());
  client.ask("POST /echo",
             "Content-Type: application/json\r\nContent-Length: 10\r\nExpect: 100-continue\r\n");
  EXPECT_THAT(client.head(), HasSubstr("100"));
  client.send("123");
  pass(Limits{}.request_time - Duration{1});
  EXPECT_EQ(server_->connections(), 1u);
  pass(Duration{1});
  EXPECT_EQ(client.reply().status, 408);
}

TEST_F(HostileTest, AConnectionThatIsNotUsedIsClosed) {
  serve();
  Client silent(port());
  Client used(port());
  ASSERT_TRUE(becomes(2));
  pass(Limits{}.idle_time - Duration{1});
  EXPECT_EQ(used.get("/echo/a").status, 200);
  pass(Duration{1});
  EXPECT_TRUE(silent.ends());
  EXPECT_EQ(used.get("/echo/a").status, 200);
}

TEST_F(HostileTest, AnAnswerMayTakeItsTime) {
  serve();
  Client client(port());
  client.ask("GET /later");
  const auto exchange = exchanges_.take();
  pass(Duration{3'600'000});
  exchange->respond({200, {}, "an hour later"});
  EXPECT_EQ(client.reply().body, "an hour later");
}

TEST_F(HostileTest, ConnectionsBeyondTheLimitAreToldSo) {
  ServerOptions options;
  options.limits.connections = 3;
  serve(options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(port()));
    EXPECT_EQ(clients.back()->get("/echo/a").status, 200);
  }
  Client fourth(port());
  EXPECT_EQ(fourth.reply().status, 503);
  fourth.close();
  clients.pop_back();
  ASSERT_TRUE(becomes(2));
  EXPECT_EQ(Client(port()).get("/echo/a").status, 200);
}

TEST_F(HostileTest, RandomBytesEndNothingButTheirConnection) {
  serve();
  std::mt19937 random(7);
  const std::string request = "POST /echo HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port()) +
                              "\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
  for (int i = 0; i < 500; ++i) {
    std::string bytes = request;
    for (int flip = 0; flip < 3; ++flip)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    Client client(port());
    client.send(bytes);
    client.half_close();
    (void)client.ends();
  }
  EXPECT_EQ(Client(port()).get("/echo/a").status, 200);
}

}  // namespace
}  // namespace cairn::http
