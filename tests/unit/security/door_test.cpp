#include "core/server/security/door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn {
namespace {

using ::testing::HasSubstr;

TEST(Door, AnAddressIsAHostAndAPortWithDefaults) {
  const auto shown = [](const std::string& text) {
    const auto address = parse_door_address(text);
    return address.ok() ? address->host + " " + std::to_string(address->port) : "none";
  };
  EXPECT_EQ(shown(""), "localhost 7717");
  EXPECT_EQ(shown("0"), "localhost 0");
  EXPECT_EQ(shown("8080"), "localhost 8080");
  EXPECT_EQ(shown("localhost"), "localhost 7717");
  EXPECT_EQ(shown("localhost:80"), "localhost 80");
  EXPECT_EQ(shown("127.0.0.1:0"), "127.0.0.1 0");
  EXPECT_EQ(shown("10.0.0.5"), "10.0.0.5 7717");
  EXPECT_EQ(shown("[::1]:7718"), "::1 7718");
  EXPECT_EQ(shown("[::]"), ":: 7717");
  EXPECT_EQ(shown("::1"), "::1 7717");
  for (const char* text :
       {"cairn.test:80", "localhost:", ":80", "localhost:65536", "localhost:99999", "localhost:-1",
        "localhost:8a", "[::1", "[::1]80", "[]:80", "[::1]:", "a b", "127.0.0.1:80:80",
        "127.0.0.256", "http://localhost:80", "localhost.:80"}) {
    EXPECT_EQ(shown(text), "none") << text;
  }
}

DoorOptions at(const std::string& address) {
  DoorOptions options;
  options.address = address;
  return options;
}

TEST(Door, BeyondThisMachineItNeedsTlsOrAProxy) {
  for (const char* local : {"", "localhost:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1"})
    EXPECT_TRUE(check_door_options(at(local)).ok()) << local;
  for (const char* open : {"0.0.0.0:1", "[::]:1", "10.0.0.5:1", "8.8.8.8"}) {
    const auto refused = check_door_options(at(open));
    ASSERT_FALSE(refused.ok()) << open;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << "usage: exit 2";
    EXPECT_THAT(refused.error().message, HasSubstr("without TLS"));
    for (const char* way : {"--tls-cert", "--behind-proxy", "ssh -L"})
      EXPECT_THAT(refused.error().hint, HasSubstr(way));
    DoorOptions tls = at(open);
    tls.tls_certificate = "cert.pem";
    tls.tls_key = "key.pem";
    EXPECT_TRUE(check_door_options(tls).ok());
    DoorOptions proxy = at(open);
    proxy.behind_proxy = true;
    EXPECT_FALSE(check_door_options(proxy).ok()) << "nobody could reach it";
    proxy.trusted_origins = {"https://cairn.example.org"};
    EXPECT_TRUE(check_door_options(proxy).ok());
  }
}

TEST(Door, HalfOfTlsAndTwiceTlsAreMistakes) {
  DoorOptions half;
  half.tls_certificate = "cert.pem";
  EXPECT_FALSE(check_door_options(half).ok());
  half.tls_certificate.clear();
  half.tls_key = "key.pem";
  EXPECT_FALSE(check_door_options(half).ok());
  DoorOptions twice;
  twice.tls_certificate = "cert.pem";
  twice.tls_key = "key.pem";
  twice.behind_proxy = true;
  twice.trusted_origins = {"https://cairn.example.org"};
  EXPECT_FALSE(check_door_options(twice).ok());
}

TEST(Door, NamesAreCheckedBeforeItListens) {
  DoorOptions options;
  for (const char* name : {"cairn.example.org", "https://", "http://a:1", "*", "https://a/b"}) {
    options.trusted_origins = {name};
    EXPECT_FALSE(check_door_options(options).ok()) << name;
  }
}

TEST(Door, TheServersOptionsFollowFromIt) {
  DoorOptions options = at("[::1]:9");
  options.trusted_origins = {"10.0.0.5:9"};
  auto server = server_options(options);
  ASSERT_TRUE(server.ok());
  EXPECT_EQ(server->host, "::1");
  EXPECT_EQ(server->port, 9);
  EXPECT_EQ(server->names, options.trusted_origins);
  EXPECT_FALSE(server->tls);
  EXPECT_FALSE(is_secure(options));
  options.tls_certificate = "cert.pem";
  options.tls_key = "key.pem";
  EXPECT_EQ(server_options(options)->tls->key, "key.pem");
  EXPECT_TRUE(is_secure(options));
  EXPECT_FALSE(server_options(at("0.0.0.0:1")).ok());
}

}  // namespace
}  // namespace cairn
