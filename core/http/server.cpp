#include "core/http/server.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "core/base/text.h"
#include "core/http/connection.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kTick{100};
// Connections beyond the limit that are told so; further ones are closed without a word.
constexpr std::size_t kTurnedAway = 64;

Result<asio::ip::address> address_of(const std::string& host) {
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) {
    return invalid_argument("'" + printable(host) + "' is no IP address",
                            "for example 127.0.0.1 or ::1");
  }
  return address;
}

std::string with_port(const asio::ip::address& address, std::uint16_t port) {
  const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return host + ":" + std::to_string(port);
}

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, Router router, AccessCheck access, const Clock& clock)
      : workers_(std::max(1U, options.threads)),
        place_{Gate{{}, std::move(router), std::move(access), options.limits},
               clock,
               std::move(options.errors),
               io_,
               workers_,
               [this](Connection& connection) { connections_.erase(&connection); },
               [this](int change) { count(change); }},
        acceptor_(io_),
        ticks_(io_) {}

  ~AsioServer() override {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      place_.draining = true;
      error_code ignored;
      acceptor_.close(ignored);
      ticks_.cancel();
      ended_ = true;
      for (const auto& connection : all()) connection->cut();
    });
    workers_.join();
    guard_.reset();
    thread_.join();
  }

  Result<void> listen(const asio::ip::address& address, std::uint16_t port,
                      const std::vector<std::string>& names) {
    const std::string where = with_port(address, port);
    const tcp::endpoint endpoint(address, port);
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) address_ = acceptor_.local_endpoint(error);
    if (error) {
      return make_error(ErrorCode::kIo, "cannot listen on " + where + ": " + error.message(),
                        "choose another port, or 0 for any that is free");
    }
    Names& known = place_.gate.names;
    if (address.is_loopback() || address.is_unspecified()) known = loopback_names(address_.port());
    CAIRN_TRY(add_name(known, with_port(address, address_.port())));
    for (const std::string& name : names) CAIRN_TRY(add_name(known, name));
    accept();
    tick();
    thread_ = std::thread([this] { run(); });
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return address_.port(); }
  [[nodiscard]] std::string url() const override {
    return "http://" + with_port(address_.address(), address_.port());
  }

  bool drain(const std::function<bool()>& give_up) override {
    on_io([this] {
      place_.draining = true;
      error_code ignored;
      acceptor_.close(ignored);
      for (const auto& connection : all()) connection->drain();
    });
    std::unique_lock lock(mutex_);
    while (busy_ > 0 && !give_up()) quiet_.wait_for(lock, kTick);
    return busy_ == 0;
  }

  void sweep() override {
    on_io([this] { sweep_all(); });
  }
  std::size_t connections() override {
    std::size_t count = 0;
    on_io([&] { count = connections_.size(); });
    return count;
  }

 private:
  void run() {
    for (;;) {
      try {
        io_.run();
        return;
      } catch (const std::exception& error) {
        spdlog::error("the HTTP server goes on after: {}", error.what());
      }
    }
  }

  template <typename F>
  void on_io(F function) {
    std::promise<void> done;
    asio::post(io_, [&] {
      function();
      done.set_value();
    });
    done.get_future().wait();
  }

  // Connections leave the table while they are walked over.
  std::vector<std::shared_ptr<Connection>> all() const {
    std::vector<std::shared_ptr<Connection>> list;
    for (const auto& [key, connection] : connections_) list.push_back(connection);
    return list;
  }

  void accept() {
    accepting_ = true;
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      accepting_ = false;
      if (!acceptor_.is_open()) return;
      // Out of descriptors, for example: again at the next tick.
      if (error) return;
      take(std::move(socket));
      accept();
    });
  }

  void take(tcp::socket socket) {
    const std::size_t limit = place_.gate.limits.connections;
    if (connections_.size() >= limit + kTurnedAway) return;
    const bool full = connections_.size() >= limit;
    const auto connection = std::make_shared<Connection>(std::move(socket), place_);
    connections_.emplace(connection.get(), connection);
    if (full) return connection->turn_away();
    connection->start();
  }

  void tick() {
    ticks_.expires_after(kTick);
    ticks_.async_wait([this](const error_code&) {
      if (ended_) return;
      sweep_all();
      if (!accepting_ && acceptor_.is_open()) accept();
      tick();
    });
  }

  void sweep_all() {
    const Duration now = place_.clock.monotonic();
    for (const auto& connection : all()) connection->sweep(now);
  }

  void count(int change) {
    const std::lock_guard lock(mutex_);
    busy_ += change;
    if (busy_ == 0) quiet_.notify_all();
  }

  asio::io_context io_;
  asio::thread_pool workers_;
  Workplace place_;
  tcp::acceptor acceptor_;
  asio::steady_timer ticks_;
  tcp::endpoint address_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_{io_.get_executor()};
  std::map<Connection*, std::shared_ptr<Connection>> connections_;
  bool accepting_ = false;
  bool ended_ = false;
  std::mutex mutex_;
  std::condition_variable quiet_;
  int busy_ = 0;  // requests that are not answered
  std::thread thread_;
};

}  // namespace

Result<bool> is_loopback(const std::string& host) {
  CAIRN_ASSIGN(const auto address, address_of(host));
  return address.is_loopback();
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Router router,
                                              AccessCheck access, const Clock& clock) {
  try {
    CAIRN_ASSIGN(const auto address, address_of(options.host));
    const std::uint16_t port = options.port;
    const std::vector<std::string> names = options.names;
    auto server = std::make_unique<AsioServer>(std::move(options), std::move(router),
                                               std::move(access), clock);
    CAIRN_TRY(server->listen(address, port, names));
    return std::unique_ptr<Server>(std::move(server));
  } catch (const std::exception& error) {
    return make_error(ErrorCode::kIo, std::string("cannot start an HTTP server: ") + error.what());
  }
}

}  // namespace cairn::http
