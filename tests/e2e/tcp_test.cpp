// cairn serve --listen and --server: the token is asked of everybody, and only TLS leaves the
// machine.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cstdlib>

#include "tests/e2e/server.h"

namespace cairn::e2e {
namespace {

std::string listening_at(Server& server) {
  const json::value ready = json::parse(await_line(server.process()));
  return std::string(ready.as_object().at("server").as_string());
}

std::string token_of(const Place& place) {
  std::ifstream file(place.state() / "token");
  std::string token;
  std::getline(file, token);
  return token;
}

// A client with another state folder: only the address and the token lead to the engine.
Finished over_tcp(const Place& place, const std::string& address, const std::string& token,
                  Words command) {
  const Setting setting("CAIRN_TOKEN", token);
  command.insert(command.end(), {"--server", address});
  return place.run(command);
}

TEST(Tcp, OverTcpWhoShowsTheTokenIsServed) {
  const Place place;
  Server server(place, {"-o", "json", "--listen", "127.0.0.1:0"});
  const std::string address = listening_at(server);
  const std::string token = token_of(place);
  EXPECT_EQ(token.size(), 64U);
  EXPECT_EQ(fs::status(place.state() / "token").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  const Place client;
  const auto hello = client.write("hello.yaml", kHelloWorkflow).string();
  const Finished done = over_tcp(client, address, token, {"submit", hello, "--wait", "-q"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(over_tcp(client, address, token, {"explain", "@latest"}).exit_code, 0);
  EXPECT_EQ(over_tcp(client, address, token, {"delete", "@latest"}).exit_code, 0);
  std::string other = token;
  other[0] = other[0] == '0' ? '1' : '0';
  for (const std::string& wrong : {std::string(), other, token + "0", token.substr(1)}) {
    for (const Words& command : {Words{"list"}, Words{"submit", hello}, Words{"cancel", "@latest"},
                                 Words{"watch", "@latest"}, Words{"artifacts", "gc"}}) {
      const Finished refused = over_tcp(client, address, wrong, command);
      EXPECT_EQ(refused.exit_code, 8) << command[0] << refused.out;
      EXPECT_EQ(refused.out, "");
      EXPECT_EQ(refused.err.find(token), std::string::npos);
    }
  }
}

// Nothing of the engine's store is on the client's machine.
TEST(Tcp, CommandsThatReadAskTheEngine) {
  const Place place;
  Server server(place, {"-o", "json", "--listen", "127.0.0.1:0"});
  const std::string address = listening_at(server);
  const std::string token = token_of(place);
  const Place client;
  const auto file = client
                        .write("talk.yaml", R"(cairn: 1
name: talk
stages:
  make:
    uses: shell
    with: {run: "echo hello; printf abc > f.txt; mkdir d; echo x > d/y", outputs: {f: f.txt, d: d}}
  each:
    uses: shell
    matrix: {k: [1, 2]}
    inputs: {f: make.f}
    with: {run: "echo task ${matrix.k}"}
)")
                        .string();
  const auto ask = [&](Words command) {
    return over_tcp(client, address, token, std::move(command));
  };
  for (int i = 0; i < 2; ++i)
    ASSERT_EQ(ask({"submit", file, "--wait", "-q", "--seed", std::to_string(i)}).exit_code, 0);
  const Finished runs = ask({"list", "-o", "name"});
  ASSERT_EQ(runs.exit_code, 0) << runs.err;
  const std::string first = runs.out.substr(runs.out.find('\n') + 1, runs.out.find('\n'));

  const Finished logs = ask({"logs", first});
  EXPECT_EQ(logs.exit_code, 0) << logs.err;
  EXPECT_NE(logs.out.find("make  hello\n"), std::string::npos) << logs.out;
  EXPECT_NE(logs.out.find("each[k=2]  task 2\n"), std::string::npos) << logs.out;
  const Finished one = ask({"logs", first + "/each[k=1]", "-o", "json"});
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_NE(one.out.find(R"("message":"task 1")"), std::string::npos) << one.out;
  EXPECT_EQ(one.out.find("task 2"), std::string::npos);
  EXPECT_EQ(ask({"logs", first + "/each@1", "--tail", "1", "-f"}).exit_code, 0);
  EXPECT_EQ(ask({"logs", first + "/eech"}).exit_code, 4);
  EXPECT_EQ(ask({"metrics", first}).exit_code, 0);
  EXPECT_EQ(ask({"metrics", first, "-o", "json"}).exit_code, 4);

  const Finished lineage = ask({"lineage", first + "/make/f"});
  EXPECT_EQ(lineage.exit_code, 0) << lineage.err;
  EXPECT_NE(lineage.out.find("each"), std::string::npos) << lineage.out;
  const Finished diff = ask({"diff", first, "@latest", "-o", "json"});
  EXPECT_EQ(diff.exit_code, 0) << diff.err;
  EXPECT_NE(diff.out.find("\"differences\""), std::string::npos);
  const Finished types = ask({"plugins", "list", "-o", "name"});
  EXPECT_NE(types.out.find("shell\n"), std::string::npos) << types.err;
  EXPECT_NE(ask({"plugins", "describe", "shell"}).out.find("# "), std::string::npos);

  const fs::path copy = client.folder() / "copy";
  const Finished fetched = ask({"artifacts", "export", first + "/make/f", copy.string()});
  EXPECT_EQ(fetched.exit_code, 0) << fetched.err;
  EXPECT_EQ(fs::file_size(copy), 3U);
  const fs::path tree = client.folder() / "tree";
  EXPECT_EQ(ask({"artifacts", "export", first + "/make/d", tree.string()}).exit_code, 0);
  EXPECT_TRUE(fs::exists(tree / "y"));
  EXPECT_EQ(ask({"artifacts", "preview", first + "/make/d"}).exit_code, 0);
}

TEST(Tcp, WithoutTlsItListensOnThisMachineOnly) {
  const Place place;
  const Finished open = place.run({"serve", "--listen", "0.0.0.0:0"});
  EXPECT_EQ(open.exit_code, 2);
  EXPECT_NE(open.err.find("--tls-cert"), std::string::npos) << open.err;
  EXPECT_EQ(place.run({"serve", "--listen", "nowhere"}).exit_code, 2);
  EXPECT_EQ(over_tcp(place, "127.0.0.1:1", "x", {"list"}).exit_code, 5);
}

TEST(Tcp, WithTlsTheCertificateIsChecked) {
  const Place place;
  const std::string make =
      "cd " + place.folder().string() +
      " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem "
      "-out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2> /dev/null";
  ASSERT_EQ(std::system(make.c_str()), 0);
  Server server(place, {"-o", "json", "--listen", "0.0.0.0:0", "--tls-cert", "cert.pem",
                        "--tls-key", "key.pem"});
  const std::string port = listening_at(server).substr(sizeof "0.0.0.0:" - 1);
  const Place client;
  const std::string address = "tls://localhost:" + port;
  EXPECT_EQ(over_tcp(client, address, token_of(place), {"list"}).exit_code, 5);  // not known
  const Setting authorities("CAIRN_TLS_CA", (place.folder() / "cert.pem").string());
  const Finished known = over_tcp(client, address, token_of(place), {"list"});
  EXPECT_EQ(known.exit_code, 0) << known.err;
  EXPECT_EQ(over_tcp(client, address, "wrong", {"list"}).exit_code, 8);
  EXPECT_EQ(over_tcp(client, "localhost:" + port, token_of(place), {"list"}).exit_code, 5);
}

}  // namespace
}  // namespace cairn::e2e
