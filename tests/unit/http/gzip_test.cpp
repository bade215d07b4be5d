#include "core/http/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/unit/http/fixture.h"

namespace cairn::http {
namespace {

std::string unpacked(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string plain(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  return plain;
}

TEST(Gzip, IsUsedWhereTheClientTakesIt) {
  for (const char* header : {"gzip", "GZIP", "deflate, gzip;q=0.5", "br, gzip", "*", "x-gzip",
                             "gzip; q=0.001", "identity;q=0, *;q=0.1"})
    EXPECT_TRUE(accepts_gzip(header)) << header;
  for (const char* header :
       {"", "br", "identity", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *", "gzipped"})
    EXPECT_FALSE(accepts_gzip(header)) << header;
}

TEST(Gzip, OnlyTextIsMadeSmaller) {
  const auto may = [](const std::string& type, int status = 200) {
    return may_be_gzipped({status, {{"Content-Type", type}}, "x"});
  };
  for (const char* type : {"application/json", "application/json; charset=utf-8", "text/html",
                           "application/problem+json", "Text/JavaScript"})
    EXPECT_TRUE(may(type)) << type;
  for (const char* type : {"", "application/octet-stream", "image/png", "application/jsonx"})
    EXPECT_FALSE(may(type)) << type;
  EXPECT_FALSE(may("text/plain", 206));
  EXPECT_FALSE(may_be_gzipped({200, {{"Content-Type", "text/plain"}}, FileSlice{}}));
  EXPECT_FALSE(
      may_be_gzipped({200, {{"Content-Type", "text/plain"}, {"Content-Encoding", "gzip"}}, "x"}));
}

TEST(Gzip, AStrongTagBecomesAWeakOne) {
  const Response plain{200, {{"Content-Type", "text/plain"}, {"ETag", "\"a\""}}, "text"};
  EXPECT_EQ(gzipped(plain)->headers.find("ETag"), "W/\"a\"");
  const Response weak{200, {{"ETag", "W/\"a\""}}, "text"};
  EXPECT_EQ(gzipped(weak)->headers.find("ETag"), "W/\"a\"");
  EXPECT_EQ(unpacked(std::get<std::string>(gzipped(plain)->body)), "text");
  EXPECT_EQ(unpacked(std::get<std::string>(gzipped({200, {}, ""})->body)), "");
}

class GzipOfServer : public ServerTest {
 protected:
  const std::string good_ = "Authorization: Bearer good\r\n";
  const std::string both_ = good_ + "Accept-Encoding: br, gzip\r\n";
};

TEST_F(GzipOfServer, LargeAnswersComeSmaller) {
  serve();
  Client client(port());
  const Reply plain = client.get("/json/100000", good_);
  EXPECT_EQ(plain.header("Content-Encoding"), "");
  EXPECT_EQ(plain.header("ETag"), "\"tag\"");
  EXPECT_EQ(plain.header("Vary"), "Accept-Encoding");
  const Reply packed = client.get("/json/100000", both_);
  EXPECT_EQ(packed.header("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.header("ETag"), "W/\"tag\"");
  EXPECT_EQ(packed.header("Vary"), "Accept-Encoding");
  EXPECT_LT(packed.body.size(), plain.body.size() / 100);
  EXPECT_EQ(unpacked(packed.body), plain.body);
  const Reply small = client.get("/json/100", both_);
  EXPECT_EQ(small.header("Content-Encoding"), "");
  EXPECT_EQ(small.header("Vary"), "Accept-Encoding");
  client.ask("HEAD /json/100000", both_);
  EXPECT_EQ(client.reply(true).header("Content-Length"), std::to_string(packed.body.size()));
  EXPECT_EQ(client.get("/echo/a").body, "a") << "the connection goes on";
}

TEST_F(GzipOfServer, AnAnswerThatComesLaterIsMadeSmallerToo) {
  serve();
  Client client(port());
  client.ask("GET /later", "Accept-Encoding: gzip\r\n");
  exchanges_.take()->respond({200, {{"Content-Type", "text/plain"}}, std::string(5000, 'x')});
  const Reply reply = client.reply();
  EXPECT_EQ(reply.header("Content-Encoding"), "gzip");
  EXPECT_EQ(unpacked(reply.body), std::string(5000, 'x'));
}

}  // namespace
}  // namespace cairn::http
