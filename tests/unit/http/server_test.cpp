#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/base/files.h"
#include "core/http/range.h"
#include "tests/unit/http/fixture.h"

namespace cairn::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(ServerTest, AnswersRequestsOfOneConnectionInTheirOrder) {
  serve();
  Client client(port());
  EXPECT_EQ(client.get("/echo/one").body, "one");
  EXPECT_EQ(client.get("/echo/t%20w").body, "t w");
  client.post("/echo", "{}");
  EXPECT_EQ(client.reply().body, "{}");
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredOneAfterTheOther) {
  serve();
  Client client(port());
  std::string all;
  const std::string host = "Host: localhost:" + std::to_string(port()) + "\r\n\r\n";
  for (int i = 0; i < 50; ++i) all += "GET /echo/" + std::to_string(i) + " HTTP/1.1\r\n" + host;
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.reply().body, std::to_string(i));
}

TEST_F(ServerTest, HeadHasTheHeadersOfGet) {
  serve();
  Client client(port());
  client.ask("HEAD /echo/four");
  const Reply head = client.reply(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "4");
  EXPECT_EQ(client.get("/echo/next").body, "next") << "no byte of a body came between";
}

TEST_F(ServerTest, BodiesComeInChunks) {
  serve();
  Client client(port());
  client.ask("POST /echo", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
             "3\r\n\"ab\r\n2;x=y\r\nc\"\r\n0\r\nHost: evil.test\r\n\r\n");
  EXPECT_EQ(client.reply().body, "\"abc\"");
  EXPECT_EQ(client.get("/echo/next").body, "next");
}

TEST_F(ServerTest, AClientThatAsksFirstIsToldToGoOn) {
  serve();
  Client client(port());
  client.post("/echo", "", "Expect: 100-continue\r\n");
  EXPECT_EQ(client.reply().status, 200) << "nothing to go on with";
  client.ask("POST /echo",
             "Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n");
  EXPECT_THAT(client.head(), HasSubstr("HTTP/1.1 100 Continue\r\n"));
  client.send("{}");
  EXPECT_EQ(client.reply().body, "{}");
}

TEST_F(ServerTest, OldClientsGetOneAnswer) {
  serve();
  Client client(port());
  client.send("GET /echo/a HTTP/1.0\r\nHost: 127.0.0.1:" + std::to_string(port()) + "\r\n\r\n");
  const Reply reply = client.reply();
  EXPECT_EQ(reply.body, "a");
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_TRUE(client.ends());
}

TEST_F(ServerTest, AClientMayCloseItsSideAndWaitForTheAnswer) {
  serve();
  Client client(port());
  client.ask("GET /later");
  const auto exchange = exchanges_.take();
  client.half_close();
  EXPECT_TRUE(gone_.take()) << "it is told, since most that do so have gone";
  exchange->respond({200, {}, "late"});
  EXPECT_EQ(client.reply().body, "late");
  EXPECT_TRUE(client.ends());
}

TEST_F(ServerTest, RequestsWaitForAnswersWithoutHoldingAWorker) {
  ServerOptions options;
  options.threads = 1;
  serve(options);
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::shared_ptr<Exchange>> waiting;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Client>(port()));
    clients.back()->ask("GET /later");
    waiting.push_back(exchanges_.take());
  }
  EXPECT_EQ(Client(port()).get("/echo/a").body, "a");
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    waiting[i]->respond({200, {}, std::to_string(i)});
    waiting[i]->respond({500, {}, "a second answer"});
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i]->reply().body, std::to_string(i));
  }
}

TEST_F(ServerTest, WhatIsNeverAnsweredIsAnError) {
  serve();
  Client client(port());
  client.ask("GET /later");
  exchanges_.take().reset();
  EXPECT_EQ(client.reply().status, 500);
}

TEST_F(ServerTest, AFailingHandlerTellsNothingToClients) {
  serve();
  Client client(port());
  const Reply thrown = client.get("/throws");
  EXPECT_EQ(thrown.status, 500);
  EXPECT_THAT(thrown.body, Not(HasSubstr("secret")));
  EXPECT_EQ(thrown.header("Content-Type"), "application/problem+json");
  const Reply broken = client.get("/breaks");
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.header("Set-Cookie"), "");
  EXPECT_EQ(client.get("/echo/a").status, 200);
}

TEST_F(ServerTest, ErrorsCarryTheSecurityHeadersToo) {
  serve();
  Client client(port());
  for (const char* path : {"/echo/a", "/nothing", "/throws", "/secret", "/echo/..", "/echo/%zz"}) {
    const Reply reply = client.get(path);
    EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff") << path;
    EXPECT_THAT(reply.header("Content-Security-Policy"), HasSubstr("default-src 'none'")) << path;
    EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), "") << path;
  }
}

TEST_F(ServerTest, KnowsWhoAsks) {
  serve();
  Client client(port());
  const Reply unknown = client.get("/secret");
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.header("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(client.get("/secret", "Authorization: Bearer bad\r\n").status, 401);
  EXPECT_EQ(client.get("/secret", "Authorization: Bearer good\r\n").body, "ann");
}

TEST_F(ServerTest, DrainsWhatIsOnItsWay) {
  serve();
  Client idle(port());
  EXPECT_EQ(idle.get("/echo/a").body, "a");
  Client client(port());
  client.ask("GET /later");
  const auto exchange = exchanges_.take();
  EXPECT_FALSE(server_->drain([] { return true; })) << "given up at once";
  EXPECT_TRUE(idle.ends());
  std::thread answerer([&] { exchange->respond({200, {}, "done"}); });
  EXPECT_TRUE(server_->drain([] { return false; }));
  answerer.join();
  const Reply reply = client.reply();
  EXPECT_EQ(reply.body, "done");
  EXPECT_EQ(reply.header("Connection"), "close");
}

TEST_F(ServerTest, EndsWithRequestsUnderWay) {
  serve();
  Client client(port());
  client.ask("GET /later");
  const auto exchange = exchanges_.take();
  server_.reset();
  EXPECT_TRUE(gone_.take());
  exchange->respond({200, {}, "nobody is there"});
  EXPECT_EQ(client.reply().status, 0);
}

TEST_F(ServerTest, APortThatIsTakenIsAnError) {
  serve();
  ServerOptions options;
  options.port = port();
  const auto second =
      Server::start(options, Router::create({}, Access::open()).value(), nullptr, clock_);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("127.0.0.1:" + std::to_string(port())));
  options.host = "cairn.test";
  EXPECT_EQ(Server::start(options, Router::create({}, Access::open()).value(), nullptr, clock_)
                .error()
                .code,
            ErrorCode::kInvalidArgument);
}

TEST_F(ServerTest, AnAddressThatMeansAllIsCalledByNamesThatWereGiven) {
  ServerOptions options;
  options.host = "0.0.0.0";
  options.names = {"10.0.0.5:8000"};
  serve(options);
  Client client(port());
  EXPECT_EQ(client.get("/echo/a").status, 200) << "by a name of loopback";
  client.send("GET /echo/a HTTP/1.1\r\nHost: 10.0.0.5:8000\r\n\r\n");
  EXPECT_EQ(client.reply().status, 200);
  client.send("GET /echo/a HTTP/1.1\r\nHost: 10.0.0.6:8000\r\n\r\n");
  EXPECT_EQ(client.reply().status, 421);
}

TEST_F(ServerTest, KnowsItsLoopback) {
  EXPECT_TRUE(is_loopback("127.0.0.1").value());
  EXPECT_TRUE(is_loopback("::1").value());
  EXPECT_FALSE(is_loopback("0.0.0.0").value());
  EXPECT_FALSE(is_loopback("10.0.0.1").value());
  EXPECT_TRUE(is_loopback("localhost").value());
  EXPECT_FALSE(is_loopback("localhost.test").ok());
}

TEST(ServerFiles, AreSentInPieces) {
  const fs::path folder = make_private_folder(fs::temp_directory_path(), "cairn-http-").value();
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + "\n";
  ASSERT_TRUE(real_file_system().write_atomic(folder / "file", text).ok());
  const auto file = std::make_shared<const Fd>(::open((folder / "file").c_str(), O_RDONLY));
  const auto send = [&](const Request& request) {
    return file_response(request, {file, 0, text.size()}, "\"t\"", "text/plain");
  };
  const auto server =
      Server::start(
          {},
          Router::create({{Method::kGet, "/file", Access::open(), send}}, Access::open()).value(),
          nullptr, system_clock())
          .value();
  Client client(server->port());
  EXPECT_EQ(client.get("/file").body, text);
  EXPECT_EQ(client.get("/file", "Range: bytes=700000-700009\r\n").body, text.substr(700'000, 10));
  EXPECT_EQ(client.get("/file", "Range: bytes=-300000\r\n").body,
            text.substr(text.size() - 300'000));
  EXPECT_EQ(client.get("/file", "If-None-Match: \"t\"\r\n").status, 304);
  EXPECT_EQ(client.get("/file", "Range: bytes=99999999-\r\n").status, 416);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace cairn::http
