// A server on a free port with a few routes and a clock that the test moves.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "core/http/server.h"
#include "core/sdk/testing/manual_clock.h"
#include "tests/unit/http/client.h"

namespace cairn::http {

// What handlers leave for the test.
template <typename T>
class Box {
 public:
  void put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    filled_.notify_all();
  }
  // The oldest; waits for one.
  T take() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(filled_.wait_for(lock, std::chrono::seconds(30), [&] { return !values_.empty(); }));
    if (values_.empty()) return {};
    T value = std::move(values_.front());
    values_.erase(values_.begin());
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::vector<T> values_;
};

class ServerTest : public ::testing::Test {
 protected:
  // GET /echo/{text}, POST /echo, GET /later, GET /stream, GET /mine (a stream for ann), GET
  // /json/{count}, POST /login, GET /throws, GET /secret
  void serve(ServerOptions options = {}) {
    auto router = Router::create(
        {{Method::kGet, "/echo/{text}", Access::open(),
          [](const Request& request) {
            return Response{200, {}, request.value("text")};
          }},
         {Method::kPost, "/echo", Access::open(),
          [](const Request& request) {
            return Response{200, {}, request.body};
          }},
         {Method::kGet, "/later", Access::open(),
          [this](const Request&) {
            return Later([this](std::shared_ptr<Exchange> exchange) {
              exchange->on_gone([this] { gone_.put(true); });
              exchanges_.put(std::move(exchange));
            });
          }},
         {Method::kGet, "/stream", Access::open(),
          [this](const Request&) {
            return Later([this](const std::shared_ptr<Exchange>& exchange) {
              exchange->on_gone([this] { gone_.put(true); });
              streams_.put(exchange->stream({200, {{"Content-Type", "text/plain"}}, ""}));
            });
          }},
         {Method::kGet, "/mine", Access::role("viewer"),
          [this](const Request&) {
            return Later([this](const std::shared_ptr<Exchange>& exchange) {
              streams_.put(exchange->stream({200, {{"Content-Type", "text/plain"}}, ""}));
            });
          }},
         {Method::kGet, "/json/{count}", Access::role("viewer"),
          [](const Request& request) {
            Response response =
                json_response(200, json::string(std::stoul(request.value("count")), 'x'));
            response.headers.add("ETag", "\"tag\"");
            return response;
          }},
         {Method::kPost, "/login", Access::open(),
          [](const Request& request) {
            if (request.body == "\"code\"") {
              Response response{204, {}, ""};
              response.who = "ann";
              return response;
            }
            return problem_response(401, invalid_argument("no"));
          }},
         {Method::kGet, "/throws", Access::open(),
          [](const Request&) -> Answer { throw std::runtime_error("the secret reason"); }},
         {Method::kGet, "/breaks", Access::open(),
          [](const Request&) {
            return Response{200, {{"X", "a\r\nSet-Cookie: b"}}, "x"};
          }},
         {Method::kGet, "/secret", Access::role("admin"),
          [](const Request& request) {
            return Response{200, {}, request.who};
          }}},
        Access::open());
    ASSERT_TRUE(router.ok());
    const AccessCheck check = [this](const Request& request,
                                     const Access&) -> std::variant<Identity, Denied> {
      if (request.headers.find("Authorization") == "Bearer good")
        return Identity{"ann", "admin", [this] { return holds_.load(); }};
      return Denied::kUnknown;
    };
    auto started = Server::start(std::move(options), *std::move(router), check, clock_);
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    server_ = *std::move(started);
  }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  // Time passes, and what is over its time ends.
  void pass(Duration time) {
    clock_.advance(time);
    server_->sweep();
  }
  // Until the server has this many; it takes them when it gets to it.
  bool becomes(std::size_t connections) {
    for (int i = 0; i < 1'000'000; ++i) {
      if (server_->connections() == connections) return true;
    }
    return false;
  }

  cairn::testing::ManualClock clock_;
  Box<std::shared_ptr<Exchange>> exchanges_;
  Box<std::shared_ptr<Stream>> streams_;
  Box<bool> gone_;
  std::atomic<bool> holds_{true};  // what ann may
  std::unique_ptr<Server> server_;
};

}  // namespace cairn::http
