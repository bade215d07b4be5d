#include "core/http/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/http/certificate.h"
#include "tests/unit/http/fixture.h"
#include "tests/unit/http/tls_client.h"

namespace cairn::http {
namespace {

using ::testing::HasSubstr;

class TlsTest : public ServerTest {
 protected:
  TlsTest() : folder_(make_private_folder(fs::temp_directory_path(), "cairn-tls-").value()) {}
  ~TlsTest() override { fs::remove_all(folder_); }

  void serve_tls(ServerOptions options = {}) {
    options.tls = make_certificate(folder_);
    serve(std::move(options));
  }
  fs::path folder_;
};

TEST_F(TlsTest, AnswersComeInTls) {
  serve_tls();
  EXPECT_THAT(server_->url(), HasSubstr("https://127.0.0.1:"));
  TlsClient client(port());
  ASSERT_TRUE(client.shaken());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.get("/echo/a").body, "a") << "one connection, request after request";
    client.post("/echo", std::string(200'000, 'x'));
    EXPECT_EQ(client.reply().body.size(), 200'000u);
  }
  client.ask("GET /echo/first");
  client.ask("GET /echo/second");
  EXPECT_EQ(client.reply().body, "first");
  EXPECT_EQ(client.reply().body, "second") << "which came while the first was answered";
}

TEST_F(TlsTest, StreamsAndTheirEndComeInTls) {
  serve_tls();
  TlsClient client(port());
  client.ask("GET /stream", "Connection: close\r\n");
  const auto stream = streams_.take();
  EXPECT_THAT(client.head(), HasSubstr("chunked"));
  for (const char* piece : {"one", "two"}) {
    EXPECT_EQ(stream->send(piece), Sent::kTaken);
    EXPECT_EQ(client.chunk(), piece);
  }
  stream->close();
  EXPECT_EQ(client.chunk(), "");
  (void)client.ends();
  EXPECT_TRUE(client.told_the_end()) << "so that nobody can cut an answer short unseen";
}

TEST_F(TlsTest, ABodyThatIsTooLargeIsAnsweredToWhoSendsFirst) {
  ServerOptions options;
  options.limits.body_bytes = 1000;
  serve_tls(options);
  TlsClient client(port());
  client.post("/echo", std::string(2'000'000, ' '));
  EXPECT_EQ(client.reply().status, 413);
}

TEST_F(TlsTest, AClientThatGoesIsNoticed) {
  serve_tls();
  auto client = std::make_unique<TlsClient>(port());
  client->ask("GET /stream");
  const auto stream = streams_.take();
  client->head();
  client->close();
  EXPECT_TRUE(gone_.take());
  EXPECT_TRUE(becomes(0));
}

TEST_F(TlsTest, OldVersionsAndPlainTextAreNotSpoken) {
  serve_tls();
  EXPECT_TRUE(TlsClient(port(), TLS1_3_VERSION).shaken());
  EXPECT_TRUE(TlsClient(port(), TLS1_2_VERSION).shaken());
  EXPECT_FALSE(TlsClient(port(), TLS1_1_VERSION).shaken());
  EXPECT_FALSE(TlsClient(port(), TLS1_VERSION).shaken());
  Client plain(port());
  plain.ask("GET /echo/a");
  EXPECT_EQ(plain.reply().status, 0);
  EXPECT_EQ(TlsClient(port()).get("/echo/a").status, 200);
}

TEST_F(TlsTest, AHandshakeRunsOutOfTime) {
  serve_tls();
  Client silent(port());
  ASSERT_TRUE(becomes(1));
  pass(Limits{}.handshake_time - Duration{1});
  EXPECT_EQ(server_->connections(), 1u);
  pass(Duration{1});
  EXPECT_TRUE(silent.ends());
}

TEST_F(TlsTest, PagesComeFromItsOwnSchemeOnly) {
  serve_tls();
  const std::string name = "127.0.0.1:" + std::to_string(port());
  TlsClient own(port());
  own.post("/echo", "{}", "Origin: https://" + name + "\r\n");
  EXPECT_EQ(own.reply().status, 200);
  TlsClient plain(port());
  plain.post("/echo", "{}", "Origin: http://" + name + "\r\n");
  EXPECT_EQ(plain.reply().status, 403);
}

TEST_F(TlsTest, RandomBytesEndNothingButTheirConnection) {
  serve_tls();
  for (int i = 0; i < 200; ++i) {
    Client client(port());
    std::string bytes = "\x16\x03\x01\x02\x0a\x01";
    for (int k = 0; k < i; ++k) bytes.push_back(static_cast<char>(k * 37 + i * 11));
    client.send(bytes);
    client.half_close();
    (void)client.ends();
  }
  EXPECT_EQ(TlsClient(port()).get("/echo/a").status, 200);
}

TEST_F(TlsTest, FilesThatAreNoneAreNamed) {
  const TlsFiles good = make_certificate(folder_);
  const TlsFiles other = make_certificate(folder_, "other");
  const fs::path empty = folder_ / "empty.pem";
  std::ofstream(empty) << "no certificate\n";
  EXPECT_TRUE(load_tls(good).ok());
  const auto error = [](const TlsFiles& files) {
    const auto loaded = load_tls(files);
    return loaded.ok() ? std::string("none") : loaded.error().to_string();
  };
  EXPECT_THAT(error({folder_ / "missing.pem", good.key}), HasSubstr("missing.pem"));
  EXPECT_THAT(error({good.certificate, folder_ / "missing.pem"}), HasSubstr("missing.pem"));
  EXPECT_THAT(error({empty, good.key}), HasSubstr("empty.pem holds no certificate"));
  EXPECT_THAT(error({good.certificate, empty}), HasSubstr("empty.pem holds no key"));
  EXPECT_THAT(error({good.certificate, other.key}), HasSubstr("other.key.pem"));
}

TEST_F(TlsTest, AKeyWithAPassphraseIsRefusedWithoutAsking) {
  const TlsFiles files = make_certificate(folder_);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                &EVP_PKEY_free);
  FILE* out = std::fopen(files.key.c_str(), "w");
  const std::string phrase = "secret";
  EXPECT_EQ(PEM_write_PrivateKey(out, key.get(), EVP_aes_128_cbc(),
                                 reinterpret_cast<const unsigned char*>(phrase.data()),
                                 static_cast<int>(phrase.size()), nullptr, nullptr),
            1);
  std::fclose(out);
  const auto loaded = load_tls(files);
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().hint, HasSubstr("passphrase"));
}

}  // namespace
}  // namespace cairn::http
