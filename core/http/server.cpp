#include "core/http/server.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <future>
#include <latch>
#include <map>
#include <mutex>
#include <thread>

#include "core/base/priority.h"
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

std::vector<asio::ip::address> loopback_pair() {
  return {asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};
}

// Where a machine has no IPv6, the system says so in one of these ways.
bool is_absent(const error_code& error) {
  return error == asio::error::address_family_not_supported ||
         error == boost::system::errc::address_not_available;
}

struct Listening {
  tcp::acceptor acceptor;
  bool accepting = false;
};

Result<std::uint64_t> seed_of(const Entropy& entropy) {
  std::uint64_t seed = 0;
  CAIRN_ASSIGN(const std::string drawn, entropy(sizeof seed));
  for (const char byte : drawn) seed = seed << 8 | static_cast<unsigned char>(byte);
  return seed;
}

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, Router router, AccessCheck access, const Clock& clock,
             std::shared_ptr<asio::ssl::context> tls, std::uint64_t seed)
      : workers_(std::max(1U, options.threads)),
        observer_(std::move(options.observer)),
        place_{Gate{{}, std::move(router), std::move(access), options.limits, options.behind_proxy},
               clock,
               std::move(options.errors),
               io_,
               workers_,
               [this](Connection& connection) { connections_.erase(&connection); },
               [this](int change) { count(change); },
               [this](const Answered& answered) { observe(answered); },
               std::move(tls),
               RandomStream(seed, "traces"),
               RateLimiter(options.limits.requests),
               RateLimiter(options.limits.strangers)},
        ticks_(io_) {
    // Each worker takes one of these, for it waits until all have.
    const unsigned workers = std::max(1U, options.threads);
    const auto all = std::make_shared<std::latch>(workers);
    for (unsigned i = 0; i < workers; ++i) {
      asio::post(workers_, [all] {
        give_way();
        all->arrive_and_wait();
      });
    }
    all->wait();  // else one that ends at once would leave some waiting for others
  }

  ~AsioServer() override {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] {
      stop_listening();
      ticks_.cancel();
      ended_ = true;
      for (const auto& connection : all()) connection->cut();
    });
    workers_.join();
    guard_.reset();
    thread_.join();
  }

  // host: as ServerOptions has it.
  Result<void> listen(const std::string& host, std::uint16_t port,
                      const std::vector<std::string>& names) {
    host_ = host;
    if (host == kBoth) {
      CAIRN_TRY(listen_on_both(port));
    } else {
      CAIRN_ASSIGN(const auto address, address_of(host));
      if (const error_code error = open(address, port)) return cannot(address, port, error);
    }
    const auto address = address_.address();
    const bool tls = place_.tls != nullptr;
    Names& known = place_.gate.names;
    if (address.is_loopback() || address.is_unspecified())
      known = loopback_names(address_.port(), tls);
    CAIRN_TRY(add_name(known, with_port(address, address_.port()), tls));
    for (const std::string& name : names) CAIRN_TRY(add_name(known, name, tls));
    for (const auto& listening : listening_) accept(*listening);
    tick();
    thread_ = std::thread([this] { run(); });
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return address_.port(); }
  [[nodiscard]] std::string url() const override {
    const std::string where = host_ == kBoth ? host_ + ":" + std::to_string(port())
                                             : with_port(address_.address(), port());
    return (place_.tls ? "https://" : "http://") + where;
  }

  bool drain(const std::function<bool()>& give_up) override {
    on_io([this] {
      stop_listening();
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
  Counts counts() override {
    Counts counts = tally_.counts();
    on_io([&] {
      counts.connections = connections_.size();
      for (const auto& [client, open] : place_.streams) counts.streams += open;
    });
    return counts;
  }

 private:
  static constexpr const char* kBoth = "localhost";

  Error cannot(const asio::ip::address& address, std::uint16_t port, const error_code& error) {
    return make_error(ErrorCode::kIo,
                      "cannot listen on " + with_port(address, port) + ": " + error.message(),
                      "choose another port, or 0 for any that is free");
  }

  // The first that is opened gives the server its address.
  error_code open(const asio::ip::address& address, std::uint16_t port) {
    auto opened = std::make_unique<Listening>(Listening{tcp::acceptor(io_)});
    tcp::acceptor& acceptor = opened->acceptor;
    const tcp::endpoint endpoint(address, port);
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    // Beside 127.0.0.1 only; "::" alone means all addresses of both kinds.
    if (!error && address.is_v6() && address.is_loopback())
      acceptor.set_option(asio::ip::v6_only(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    const tcp::endpoint bound = error ? endpoint : acceptor.local_endpoint(error);
    if (error) return error;
    if (listening_.empty()) address_ = bound;
    listening_.push_back(std::move(opened));
    return {};
  }

  // Nobody else gets the other one: browsers try ::1 first where a page says localhost.
  Result<void> listen_on_both(std::uint16_t port) {
    constexpr int kTries = 20;
    const auto pair = loopback_pair();
    for (int i = 1;; ++i) {
      listening_.clear();
      if (const error_code error = open(pair[0], port)) return cannot(pair[0], port, error);
      const error_code error = open(pair[1], address_.port());
      if (!error || is_absent(error)) return {};
      // Any port will do, and this one is free in IPv4 only.
      if (port != 0 || i == kTries) return cannot(pair[1], address_.port(), error);
    }
  }

  void stop_listening() {
    place_.draining = true;
    error_code ignored;
    for (const auto& listening : listening_) listening->acceptor.close(ignored);
  }

  void observe(const Answered& answered) {
    tally_.add(answered);
    if (observer_) observer_(answered);
  }

  void run() {
    give_way();
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

  void accept(Listening& listening) {
    listening.accepting = true;
    listening.acceptor.async_accept(
        [this, &listening](const error_code& error, tcp::socket socket) {
          listening.accepting = false;
          if (!listening.acceptor.is_open()) return;
          // Out of descriptors, for example: again at the next tick.
          if (error) return;
          take(std::move(socket));
          accept(listening);
        });
  }

  void take(tcp::socket socket) {
    const std::size_t limit = place_.gate.limits.connections;
    const bool full = connections_.size() >= limit;
    if (full) tally_.turned_away();
    if (connections_.size() >= limit + kTurnedAway) return;
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
      for (const auto& listening : listening_) {
        if (!listening->accepting && listening->acceptor.is_open()) accept(*listening);
      }
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
  Observer observer_;
  Tally tally_;
  Workplace place_;
  std::vector<std::unique_ptr<Listening>> listening_;
  asio::steady_timer ticks_;
  std::string host_;
  tcp::endpoint address_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_{io_.get_executor()};
  std::map<Connection*, std::shared_ptr<Connection>> connections_;
  bool ended_ = false;
  std::mutex mutex_;
  std::condition_variable quiet_;
  int busy_ = 0;  // requests that are not answered
  std::thread thread_;
};

}  // namespace

Result<bool> is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  CAIRN_ASSIGN(const auto address, address_of(host));
  return address.is_loopback();
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Router router,
                                              AccessCheck access, const Clock& clock) {
  try {
    const std::string host = options.host;
    const std::uint16_t port = options.port;
    const std::vector<std::string> names = options.names;
    std::shared_ptr<asio::ssl::context> tls;
    if (options.tls) {
      CAIRN_ASSIGN(tls, load_tls(*options.tls));
    }
    CAIRN_ASSIGN(const std::uint64_t seed, seed_of(options.entropy));
    auto server = std::make_unique<AsioServer>(std::move(options), std::move(router),
                                               std::move(access), clock, std::move(tls), seed);
    CAIRN_TRY(server->listen(host, port, names));
    return std::unique_ptr<Server>(std::move(server));
  } catch (const std::exception& error) {
    return make_error(ErrorCode::kIo, std::string("cannot start an HTTP server: ") + error.what());
  }
}

}  // namespace cairn::http
