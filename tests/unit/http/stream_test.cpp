#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/unit/http/fixture.h"

namespace cairn::http {
namespace {

using ::testing::HasSubstr;

class StreamTest : public ServerTest {
 protected:
  // A client that has asked for a stream, which it gives.
  std::shared_ptr<Stream> open(Client& client) {
    client.ask("GET /stream");
    auto stream = streams_.take();
    EXPECT_THAT(client.head(), HasSubstr("Transfer-Encoding: chunked\r\n"));
    return stream;
  }
};

TEST_F(StreamTest, EachPieceArrivesWhenItIsSent) {
  serve();
  Client client(port());
  const auto stream = open(client);
  for (const char* piece : {"one", "two", "three"}) {
    EXPECT_EQ(stream->send(piece), Sent::kTaken);
    EXPECT_EQ(client.chunk(), piece);
  }
  stream->close();
  EXPECT_EQ(client.chunk(), "");
  EXPECT_EQ(stream->send("late"), Sent::kGone);
  EXPECT_EQ(client.get("/echo/next").body, "next") << "the connection goes on";
}

TEST_F(StreamTest, AStreamFedByAnotherThreadLosesNothing) {
  serve();
  Client client(port());
  const auto stream = open(client);
  std::thread producer([&] {
    for (int i = 0; i < 20'000; ++i) {
      while (stream->send(std::to_string(i) + "\n") == Sent::kFull) std::this_thread::yield();
    }
    stream->close();
  });
  std::string all, expected;
  for (std::string piece = client.chunk(); !piece.empty(); piece = client.chunk()) all += piece;
  producer.join();
  for (int i = 0; i < 20'000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(all, expected);
}

TEST_F(StreamTest, WhoLosesTheRightToItIsToldNothingMore) {
  serve();
  Client client(port());
  client.ask("GET /mine", "Authorization: Bearer good\r\n");
  const auto stream = streams_.take();
  EXPECT_THAT(client.head(), HasSubstr(" 200 "));
  EXPECT_EQ(stream->send("one"), Sent::kTaken);
  EXPECT_EQ(client.chunk(), "one");
  pass(Duration{5'000});
  EXPECT_EQ(stream->send("two"), Sent::kTaken);
  EXPECT_EQ(client.chunk(), "two") << "the right holds";
  holds_ = false;
  pass(Duration{1'000});
  (void)stream->send("three");
  EXPECT_TRUE(client.ends());
  EXPECT_FALSE(client.buffered()) << "three is not told";
  EXPECT_TRUE(becomes(0));
  EXPECT_EQ(stream->send("four"), Sent::kGone);
}

TEST_F(StreamTest, ASlowClientCostsItsBufferAndNoMore) {
  ServerOptions options;
  options.limits.stream_bytes = 10'000;
  serve(options);
  Client client(port());
  const auto stream = open(client);
  // The system's own buffers are filled first: full is what stays full.
  for (int full = 0; full < 1000; ++full) {
    if (stream->send(std::string(1000, 'x')) == Sent::kTaken) full = 0;
    server_->sweep();
  }
  // A client that takes nothing for so long is not there any more.
  pass(options.limits.write_time);
  EXPECT_TRUE(gone_.take());
  EXPECT_EQ(stream->send("x"), Sent::kGone);
}

TEST_F(StreamTest, APieceAboveTheBufferGoesAloneAndWhole) {
  ServerOptions options;
  options.limits.stream_bytes = 1000;
  serve(options);
  Client client(port());
  const auto stream = open(client);
  // More than the system's own buffers take, so that something waits.
  const std::string large(std::size_t{8} << 20, 'x');
  EXPECT_EQ(stream->send(large), Sent::kTaken);
  EXPECT_EQ(stream->send(large), Sent::kFull);
  EXPECT_EQ(stream->send("x"), Sent::kFull);
  std::string received;
  while (received.size() < large.size()) received += client.chunk();
  EXPECT_EQ(received, large);
  while (stream->send("more") == Sent::kFull) std::this_thread::yield();
  EXPECT_EQ(client.chunk(), "more");
}

TEST_F(StreamTest, AClientThatReadsAgainFindsAllThatWasTaken) {
  ServerOptions options;
  options.limits.stream_bytes = 10'000;
  serve(options);
  Client client(port());
  const auto stream = open(client);
  std::string sent, received;
  for (int i = 0; stream->send(std::to_string(i) + ",") == Sent::kTaken; ++i)
    sent += std::to_string(i) + ",";
  stream->close();
  for (std::string piece = client.chunk(); !piece.empty(); piece = client.chunk())
    received += piece;
  EXPECT_EQ(received, sent);
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_F(StreamTest, AThousandClientsMissNothingAndCostLittle) {
  constexpr std::size_t kClients = 1000;
  constexpr int kEvents = 100;
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_GT(files.rlim_cur, 2 * kClients + 100) << "two descriptors for each client";
  ServerOptions options;
  options.limits.connections = kClients;
  options.limits.streams_per_client = kClients;
  serve(options);
  const std::size_t before = resident_bytes();
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::shared_ptr<Stream>> streams;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<Client>(port()));
    streams.push_back(open(*clients.back()));
  }
  std::string expected;
  for (int event = 0; event < kEvents; ++event) {
    const std::string text = std::to_string(event) + std::string(200, '.');
    for (const auto& stream : streams) EXPECT_EQ(stream->send(text), Sent::kTaken);
    expected += text;
  }
  for (const auto& stream : streams) stream->close();
  const std::size_t taken = resident_bytes() - before;
  RecordProperty("resident_bytes", std::to_string(taken));
  EXPECT_LT(taken, std::size_t{200} << 20);
  for (const auto& client : clients) {
    std::string all;
    for (std::string piece = client->chunk(); !piece.empty(); piece = client->chunk()) all += piece;
    ASSERT_EQ(all, expected);
  }
}

TEST_F(StreamTest, AClientThatGoesIsNoticedWithoutSending) {
  serve();
  auto client = std::make_unique<Client>(port());
  const auto stream = open(*client);
  client->close();
  EXPECT_TRUE(gone_.take());
  EXPECT_EQ(stream->send("x"), Sent::kGone);
  EXPECT_TRUE(becomes(0));
}

TEST_F(StreamTest, AClientThatVanishesIsNoticedToo) {
  serve();
  auto client = std::make_unique<Client>(port());
  const auto stream = open(*client);
  EXPECT_EQ(stream->send("x"), Sent::kTaken);
  client->vanish();
  EXPECT_TRUE(gone_.take());
  EXPECT_TRUE(becomes(0));
}

TEST_F(StreamTest, WhoGoesWhileItsAnswerIsMadeIsNoticed) {
  serve();
  auto client = std::make_unique<Client>(port());
  client->ask("GET /later");
  const auto exchange = exchanges_.take();
  client->close();
  EXPECT_TRUE(gone_.take());
  const auto stream = exchange->stream({200, {}, ""});
  EXPECT_EQ(stream->send("x"), Sent::kGone);
  EXPECT_TRUE(becomes(0));
}

TEST_F(StreamTest, AStreamThatIsLetGoIsCutNotEnded) {
  serve();
  Client client(port());
  auto stream = open(client);
  EXPECT_EQ(stream->send("half"), Sent::kTaken);
  EXPECT_EQ(client.chunk(), "half");
  stream.reset();
  EXPECT_TRUE(client.ends());
}

TEST_F(StreamTest, OldClientsReadToTheEnd) {
  serve();
  Client client(port());
  client.send("GET /stream HTTP/1.0\r\nHost: 127.0.0.1:" + std::to_string(port()) + "\r\n\r\n");
  const auto stream = streams_.take();
  EXPECT_THAT(client.head(), HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(stream->send("text"), Sent::kTaken);
  stream->close();
  EXPECT_TRUE(client.ends());
}

TEST_F(StreamTest, NobodyFeedsAStreamToHead) {
  serve();
  Client client(port());
  client.ask("HEAD /stream");
  const auto stream = streams_.take();
  EXPECT_EQ(client.reply(true).status, 200);
  EXPECT_TRUE(gone_.take());
  EXPECT_EQ(stream->send("x"), Sent::kGone);
  EXPECT_EQ(client.get("/echo/next").body, "next");
}

}  // namespace
}  // namespace cairn::http
