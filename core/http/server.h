// Server: HTTP/1.1 on one port, plain or in TLS.
//
//   CAIRN_ASSIGN(auto router, Router::create(routes, Access::role("viewer")));
//   CAIRN_ASSIGN(auto server, Server::start(options, std::move(router), check, system_clock()));
//
// Thread contract: one I/O thread does everything that has to do with sockets and calls the access
// check; `threads` workers call handlers, so handlers run side by side (exchange.h). The functions
// of Server may be called from any thread but those. Nothing throws across this header.
//
// What a client may cost is in limits.h; what is let in, in gate.h; what every answer carries, in
// wire.h. Requests of one connection are answered one after the other, in their order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/entropy.h"
#include "core/http/limits.h"
#include "core/http/observe.h"
#include "core/http/problem.h"
#include "core/http/router.h"
#include "core/http/tls.h"

namespace cairn::http {

struct ServerOptions {
  // An IP address, or "localhost": 127.0.0.1 and ::1 with one port, the former alone where the
  // machine has no IPv6.
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any that is free
  // Names beside the address (and those of loopback, where it is one or means all): add_name of
  // gate.h.
  std::vector<std::string> names;
  std::optional<TlsFiles> tls;
  // A proxy that this machine trusts stands before it: X-Forwarded-For says who asks.
  bool behind_proxy = false;
  Limits limits;
  unsigned threads = 4;
  // How errors look that no handler answered.
  std::function<Response(int status, const Error& error)> errors =
      [](int status, const Error& error) { return problem_response(status, error); };
  // Told of every answer; may be empty.
  Observer observer = {};
  // Asked once, for the ids of traces.
  Entropy entropy = system_entropy;
};

// Whether the address is this machine's alone. An error where it is no IP address and not
// "localhost".
[[nodiscard]] Result<bool> is_loopback(const std::string& host);

class Server {
 public:
  // Listens when it returns. clock: outlives it; deadlines are judged by its monotonic time.
  // Errors: no IP address, no such name, those of load_tls, and kIo where the system does not let
  // it listen.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerOptions options, Router router,
                                                             AccessCheck access,
                                                             const Clock& clock);
  // Ends all connections at once and waits for handlers that run.
  virtual ~Server() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  // "http://127.0.0.1:7717", "https://localhost:7717"
  [[nodiscard]] virtual std::string url() const = 0;

  // Takes no new connections and requests, and waits until the answers on their way are written;
  // give_up is asked about ten times a second, and true ends the wait. Endless streams are to be
  // closed by whoever feeds them. True when all was answered.
  [[nodiscard]] virtual bool drain(const std::function<bool()>& give_up) = 0;

  // Ends what is over its time by the clock. Done by itself about ten times a second; for tests
  // that move the clock.
  virtual void sweep() = 0;
  // Open now.
  [[nodiscard]] virtual std::size_t connections() = 0;
  // Since the start, and what is open now.
  [[nodiscard]] virtual Counts counts() = 0;
};

}  // namespace cairn::http
