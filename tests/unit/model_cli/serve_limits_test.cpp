// Who may ask, how much, and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <optional>

#include "tests/unit/model_cli/served_process.h"

namespace cairn::model {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kLongWindow = 200'000;

// A stream that would go on for minutes.
json::object endless() {
  return {{"prompt", "The engine is"},
          {"max_tokens", kLongWindow},
          {"temperature", 0},
          {"stream", true}};
}
// Waits for its first token.
void begin(http::Client& client, json::object body) {
  body["model"] = "small";
  client.post("/v1/completions", json::serialize(body));
  EXPECT_THAT(client.head(), HasSubstr("200 OK"));
  EXPECT_THAT(client.chunk(), HasSubstr("data: "));
}

// Asks a small question until the status is this one.
bool becomes(const ServedProcess& server, int status, int tries = 20'000) {
  for (int i = 0; i < tries; ++i) {
    const http::Reply reply = server.post("/v1/completions", {{"prompt", "a"}, {"max_tokens", 2}});
    if (reply.status == status) return true;
  }
  return false;
}

TEST(ModelServeLimits, AClientThatGoesFreesItsPlace) {
  const SmallModel model(kLongWindow);
  const ServedProcess server(model, {"--max-calls", "1"});
  for (const bool stream : {true, false}) {
    json::object body = endless();
    body["model"] = "small";
    body["stream"] = stream;
    // A small question that overtakes the call has the place: then the call is refused, and made
    // again.
    std::optional<http::Client> leaving;
    bool has_place = false;
    for (int i = 0; i < 100 && !has_place; ++i) {
      leaving.emplace(server.port());
      leaving->post("/v1/completions", json::serialize(body));
      has_place = becomes(server, 429, 200);
    }
    EXPECT_TRUE(has_place);
    leaving->close();
    EXPECT_TRUE(becomes(server, 200)) << "with stream " << stream;
  }
}

TEST(ModelServeLimits, AFullServerSaysSo) {
  const SmallModel model(kLongWindow);
  const ServedProcess server(model, {"--max-calls", "1"});
  http::Client client(server.port());
  begin(client, endless());
  const http::Reply full = server.post("/v1/completions", {{"prompt", "a"}});
  EXPECT_EQ(full.status, 429);
  EXPECT_EQ(full.header("Retry-After"), "1");
  EXPECT_EQ(full.json().at("error").as_object().at("type"), "rate_limit_error");
}

TEST(ModelServeLimits, ACallThatNeverFitsTheBudgetIsToldSo) {
  const SmallModel model(kLongWindow);
  const ServedProcess server(model, {"--kv-budget", "1Mi"});
  const http::Reply reply = server.post("/v1/completions", endless());
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("kv_budget_bytes"));
  EXPECT_EQ(server.complete({{"prompt", "a"}, {"max_tokens", 4}}).at("object"), "text_completion");
}

TEST(ModelServeLimits, ATokenIsAskedOfEveryCall) {
  const SmallModel model;
  const std::string token = "0123456789abcdef0123456789abcdef";
  const ServedProcess server(model, {"--token-file", model.write("token", token + "\n")});
  http::Client client(server.port());
  EXPECT_EQ(client.get("/healthz").status, 200);
  for (const std::string shown : {"", "Authorization: Bearer nothing\r\n",
                                  "Authorization: Bearer \r\n", "Authorization: Basic x\r\n"}) {
    for (const char* path : {"/v1/models", "/v1/nothing", "/healthz/", "/healthz%2f.."}) {
      const http::Reply reply = client.get(path, shown);
      EXPECT_EQ(reply.status, 401) << path << " " << shown;
      EXPECT_EQ(reply.json().at("error").as_object().at("code"), "invalid_api_key");
    }
    http::Client asking(server.port());
    asking.post("/v1/completions", "{}", shown);
    EXPECT_EQ(asking.reply().status, 401);
  }
  EXPECT_EQ(client.get("/v1/models", "Authorization: Bearer " + token + "\r\n").status, 200);
}

TEST(ModelServeLimits, OthersAreNotServedWithoutAToken) {
  const SmallModel model;
  const std::string folder = model.folder().string();
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1"}) {
    const Ended ended = run_cairn_model({"serve", "--model", folder, "--host", host});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("--token-file"));
    EXPECT_EQ(ended.out, "");
  }
  EXPECT_EQ(run_cairn_model({"serve", "--model", folder, "--host", "example.org"}).exit_code, 2);
}

TEST(ModelServeLimits, ATokenFileIsItsOwnersAlone) {
  const SmallModel model;
  const std::string path = model.write("token", "0123456789abcdef\n");
  const Words arguments = {"serve", "--model", model.folder().string(), "--token-file", path};
  fs::permissions(path, fs::perms::others_read, fs::perm_options::add);
  const Ended readable = run_cairn_model(arguments);
  EXPECT_NE(readable.exit_code, 0);
  EXPECT_THAT(readable.err, HasSubstr("chmod 600"));
  (void)model.write("token", "short\n");
  EXPECT_THAT(run_cairn_model(arguments).err, HasSubstr("16 printable characters"));
  EXPECT_NE(run_cairn_model(
                {"serve", "--model", model.folder().string(), "--token-file", path + ".absent"})
                .exit_code,
            0);
}

TEST(ModelServeLimits, PagesAndOtherNamesAreTurnedAway) {
  const SmallModel model;
  const ServedProcess server(model);
  const std::string body = R"({"model":"small","prompt":"a"})";
  http::Client page(server.port());
  page.post("/v1/completions", body, "Origin: http://evil.test\r\n");
  const http::Reply reply = page.reply();
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff");
  http::Client rebound(server.port());
  rebound.send("GET /v1/models HTTP/1.1\r\nHost: evil.test\r\n\r\n");
  EXPECT_EQ(rebound.reply().status, 421);
  http::Client form(server.port());
  form.ask("POST /v1/completions", "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}");
  EXPECT_EQ(form.reply().status, 415);
}

TEST(ModelServeLimits, EndsWithZeroWhenItIsAsked) {
  const SmallModel model;
  for (const int signal : {SIGTERM, SIGINT}) {
    ServedProcess server(model);
    http::Client idle(server.port());
    EXPECT_EQ(idle.get("/healthz").status, 200);
    server.signal(signal);
    EXPECT_EQ(server.wait(), 0);
    EXPECT_TRUE(idle.ends());
  }
}

TEST(ModelServeLimits, WhatRunsIsAnsweredBeforeTheEnd) {
  const SmallModel model(kLongWindow);
  ServedProcess server(model);
  json::object body = endless();
  body["max_tokens"] = 300;
  http::Client client(server.port());
  begin(client, body);
  server.signal(SIGTERM);
  std::string rest;
  for (std::string piece = client.chunk(); !piece.empty(); piece = client.chunk()) rest += piece;
  EXPECT_THAT(rest, HasSubstr("data: [DONE]"));
  EXPECT_EQ(server.wait(), 0);
}

TEST(ModelServeLimits, ASecondSignalEndsWhatRuns) {
  const SmallModel model(kLongWindow);
  ServedProcess server(model);
  http::Client client(server.port());
  begin(client, endless());
  server.signal(SIGTERM);
  // Once the first is acted on, no connection is taken any more.
  while (http::Client(server.port(), http::Client::MayFail{}).get("/healthz").status == 200) {
  }
  server.signal(SIGTERM);
  std::string rest;
  for (std::string piece = client.chunk(); !piece.empty(); piece = client.chunk()) rest += piece;
  EXPECT_THAT(rest, HasSubstr("the server is stopping"));
  EXPECT_THAT(rest, ::testing::Not(HasSubstr("[DONE]")));
  EXPECT_EQ(server.wait(), 0);
}

}  // namespace
}  // namespace cairn::model
