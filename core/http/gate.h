// Whether a request is let in, decided on its head, before a byte of its body is read: Host, the
// target, the route, who asks, where a browser says it comes from, what the body claims to be.
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/http/limits.h"
#include "core/http/router.h"

namespace cairn::http {

// A request's head as it was parsed.
struct Head {
  std::string method;
  std::string target;
  int version = 11;  // 10 or 11
  Headers headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  std::string peer;
  Trace trace;

  [[nodiscard]] bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

struct Refusal {
  int status = 400;
  Error error;
  Headers headers;  // further ones of the answer
  // What is known of the request so far, for the record; route: null where none was matched.
  const Route* route = nullptr;
  Request request = {};
};

// The field by which a page of this server says that a request is its own. Pages of other sites
// cannot send it without being asked about first, and nobody answers that they may.
inline constexpr const char* kPageMark = "X-Cairn-Page";

// Names under which the server may be addressed. Another name in Host is a page that had its own
// name point here (DNS rebinding).
struct Names {
  std::vector<std::string> hosts;    // "127.0.0.1:7717", as in Host, in lower case
  std::vector<std::string> origins;  // "http://127.0.0.1:7717", as in Origin
};
// The loopback names with this port. tls: what pages have as their origin begins with https.
[[nodiscard]] Names loopback_names(std::uint16_t port, bool tls = false);
// Adds "NAME:PORT", or "https://NAME[:PORT]", as behind a proxy. Errors: it is neither.
[[nodiscard]] Result<void> add_name(Names& names, const std::string& name, bool tls = false);

// Who sent it: the peer, or behind a proxy the last address that X-Forwarded-For names, which is
// the one that the proxy itself saw.
[[nodiscard]] std::string peer_of(const Head& head, bool behind_proxy);

// Exactly one Host, and one of the names.
[[nodiscard]] std::optional<Refusal> check_host(const Headers& headers, const Names& names);
// For methods that change something: an Origin that is there is one of ours, and Sec-Fetch-Site
// same-origin or none. Cross-site pages cannot leave out what browsers send.
[[nodiscard]] std::optional<Refusal> check_origin(Method method, const Headers& headers,
                                                  const Names& names);
// For methods that change something: a body is JSON in UTF-8, and says so.
[[nodiscard]] std::optional<Refusal> check_content(Method method, const Head& head);

struct Gate {
  Names names;
  Router router;
  AccessCheck access;
  Limits limits;
  bool behind_proxy = false;
};

struct Admission {
  const Route* route = nullptr;
  Request request;  // without its body
  std::uint64_t body_limit = 0;
};

// In this order: the version, the size, Host, the method, the target, the route, access, the
// origin, the content. Without access to what the route asks, or to Router::otherwise() where there
// is no route, nothing but 401 or 403 is told.
[[nodiscard]] std::variant<Admission, Refusal> judge(const Gate& gate, Head head);

}  // namespace cairn::http
