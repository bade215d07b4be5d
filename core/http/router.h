// The routing table: which handler answers what, and who may ask.
//
// Access is decided on the route that was matched, never on text, and a route cannot be made
// without saying who may ask: Access has no default.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/http/exchange.h"

namespace cairn::http {

class Access {
 public:
  // Anyone who reaches the server.
  [[nodiscard]] static Access open() { return Access({}); }
  // Whoever the access check grants this role; not empty.
  [[nodiscard]] static Access role(std::string name) { return Access(std::move(name)); }

  [[nodiscard]] bool is_open() const { return role_.empty(); }
  [[nodiscard]] const std::string& role() const { return role_; }

 private:
  explicit Access(std::string role) : role_(std::move(role)) {}
  std::string role_;
};

enum class Denied {
  kUnknown,    // nobody that is known: 401
  kForbidden,  // known, but not allowed to: 403
  kUnmarked,   // known by a cookie, without the mark that pages of other sites cannot send: 403
};
struct Identity {
  std::string who;                   // becomes Request::who
  std::string role = {};             // becomes Request::role
  std::function<bool()> holds = {};  // becomes Request::holds; called like the check itself
};
// Who asks, or why not. Called for every route that is not open, with the request's head, on the
// I/O thread: quick, and it does not block. An empty function knows nobody.
using AccessCheck =
    std::function<std::variant<Identity, Denied>(const Request& head, const Access& access)>;

struct Route {
  Method method;
  // "/runs/{id}": the parts of a path; {name} is any one part that is not empty, {name...} at the
  // end one or more. The path must match from beginning to end.
  std::string pattern;
  Access access;
  Handler handler;
  std::optional<std::uint64_t> body_bytes = std::nullopt;  // instead of Limits::body_bytes
};

class Router {
 public:
  struct Match {
    const Route* route;
    std::vector<std::pair<std::string, std::string>> values;
  };
  struct NoPath {};
  struct NoMethod {
    std::string allow;  // "GET, HEAD"
  };

  // otherwise: who may learn that a path or a method does not exist.
  // Errors: a pattern that is none, two routes for the same requests, a role without a name.
  [[nodiscard]] static Result<Router> create(std::vector<Route> routes, Access otherwise);

  // A literal part goes before {name}, that before {name...}. HEAD finds the route of GET where it
  // has none of its own.
  [[nodiscard]] std::variant<Match, NoPath, NoMethod> match(
      Method method, const std::vector<std::string>& parts) const;

  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }
  [[nodiscard]] const Access& otherwise() const { return otherwise_; }

 private:
  Router(std::vector<Route> routes, Access otherwise)
      : routes_(std::move(routes)), otherwise_(std::move(otherwise)) {}
  std::vector<Route> routes_;                       // in the order in which they are tried
  std::vector<std::vector<std::string>> patterns_;  // their parts
  Access otherwise_;
};

}  // namespace cairn::http
