// A state folder with tokens, and a server that asks for them.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>

#include "core/http/policy.h"
#include "core/http/problem.h"
#include "core/http/server.h"
#include "core/sdk/testing/manual_clock.h"
#include "core/server/access_token.h"
#include "core/server/security/access.h"
#include "core/server/security/audit.h"
#include "core/server/security/session.h"
#include "core/server/security/tokens.h"
#include "tests/unit/http/client.h"

namespace cairn {

inline std::string contents_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

inline unsigned mode_of(const fs::path& path) {
  return static_cast<unsigned>(fs::symlink_status(path).permissions());
}

class StateTest : public ::testing::Test {
 protected:
  StateTest() : folder_(make_private_folder(fs::temp_directory_path(), "cairn-state-").value()) {
    admin_ = make_or_read_token(folder_).value();
    tokens_ = AccessTokens::open(folder_, clock_).value();
  }
  ~StateTest() override { fs::remove_all(folder_); }

  Minted make(Role role, const std::string& label, std::optional<Duration> life = {}) {
    auto minted = tokens_->create({label, role, life});
    EXPECT_TRUE(minted.ok()) << (minted.ok() ? "" : minted.error().to_string());
    return *std::move(minted);
  }

  fs::path folder_;
  cairn::testing::ManualClock clock_;
  std::string admin_;
  std::unique_ptr<AccessTokens> tokens_;
};

inline std::string bearer(const std::string& secret) {
  return "Authorization: Bearer " + secret + "\r\n";
}

// GET /, GET /assets/{path...}, GET /healthz, GET /readyz; GET and POST /api/v1/runs,
// GET and DELETE /api/v1/runs/{id}, GET /api/v1/events, GET /api/v1/artifacts/{id}, POST
// /api/v1/runs/{id}/fails; and the routes of sessions.
class DoorTest : public StateTest {
 protected:
  static std::vector<http::Route> plain_routes() {
    using http::Access;
    using http::Method;
    const auto ok = [](const http::Request& request) {
      return http::json_response(200, json::object{{"who", request.who}});
    };
    const auto page = [](const http::Request&) -> http::Answer {
      const std::string nonce = http::new_nonce().value();
      return http::Response{200,
                            {{"Content-Type", "text/html; charset=utf-8"},
                             {http::kPolicyField, http::page_policy(nonce)}},
                            "<!doctype html><style nonce=\"" + nonce + "\"></style>"};
    };
    const auto stream = [](const http::Request&) {
      return http::Later([](const std::shared_ptr<http::Exchange>& exchange) {
        exchange->stream({200, {{"Content-Type", "text/event-stream"}}, ""})->close();
      });
    };
    const auto artifact = [](const http::Request&) {
      return http::Response{200,
                            {{"Content-Type", "application/octet-stream"},
                             {"Content-Disposition", "attachment"},
                             {http::kPolicyField, http::kSandboxPolicy}},
                            "<script>alert(1)</script>"};
    };
    const auto fails = [](const http::Request&) {
      return http::problem_response(not_found("there is no such run"));
    };
    const Access viewer = Access::role("viewer");
    const Access admin = Access::role("admin");
    return {{Method::kGet, "/", Access::open(), page},
            {Method::kGet, "/assets/{path...}", Access::open(), ok},
            {Method::kGet, "/healthz", Access::open(), ok},
            {Method::kGet, "/readyz", Access::open(), ok},
            {Method::kGet, "/api/v1/runs", viewer, ok},
            {Method::kPost, "/api/v1/runs", admin, ok},
            {Method::kGet, "/api/v1/runs/{id}", viewer, ok},
            {Method::kDelete, "/api/v1/runs/{id}", admin, ok},
            {Method::kPut, "/api/v1/runs/{id}", admin, ok},
            {Method::kPatch, "/api/v1/runs/{id}", admin, ok},
            {Method::kPost, "/api/v1/runs/{id}/fails", admin, fails},
            {Method::kGet, "/api/v1/events", viewer, stream},
            {Method::kGet, "/api/v1/artifacts/{id}", viewer, artifact}};
  }

  void serve(http::ServerOptions options = {}, const SessionOptions& sessions = {}) {
    routes_ = plain_routes();
    for (auto& route : session_routes(*tokens_, sessions)) routes_.push_back(std::move(route));
    audit_ = AuditLog::open(folder_, clock_).value();
    options.observer = [this](const http::Answered& answered) { audit_->record(answered); };
    auto router = http::Router::create(routes_, http::Access::role("viewer"));
    ASSERT_TRUE(router.ok()) << router.error().to_string();
    auto started = http::Server::start(std::move(options), *std::move(router),
                                       make_access_check(*tokens_), clock_);
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    server_ = *std::move(started);
  }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] std::string origin() const { return "http://127.0.0.1:" + std::to_string(port()); }

  // With a body of JSON where the method has one.
  http::Reply ask(const std::string& method, const std::string& path,
                  const std::string& headers = {}, const std::string& body = "{}") {
    // Strangers are held up after a while, which is not what most tests are about.
    clock_.advance(Duration{1000});
    http::Client client(port());
    const bool has_body = method == "POST" || method == "PUT" || method == "PATCH";
    client.ask(method + " " + path,
               headers + (has_body ? "Content-Type: application/json\r\nContent-Length: " +
                                         std::to_string(body.size()) + "\r\n"
                                   : ""),
               has_body ? body : "");
    return client.reply(method == "HEAD");
  }
  http::Reply sign_in(const std::string& code) {
    return ask("POST", "/api/v1/session", "", json::serialize(json::object{{"code", code}}));
  }
  // "cairn_session=..." of an answer, as a request sends it back.
  static std::string cookie_of_reply(const http::Reply& reply) {
    const std::string set = reply.header("Set-Cookie");
    return "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
  }
  std::string session_cookie_of(const std::string& secret) {
    return cookie_of_reply(ask("POST", "/api/v1/session/token", bearer(secret)));
  }

  std::vector<http::Route> routes_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace cairn
