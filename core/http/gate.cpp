#include "core/http/gate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "core/base/text.h"

namespace cairn::http {
namespace {

Refusal refuse(int status, ErrorCode code, std::string message, std::string hint = {}) {
  Refusal refusal;
  refusal.status = status;
  refusal.error = make_error(code, std::move(message), std::move(hint));
  return refusal;
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

std::optional<Refusal> denied(const Gate& gate, const Access& access, Request& request) {
  if (access.is_open()) return std::nullopt;
  const auto decision = gate.access ? gate.access(request, access) : Denied::kUnknown;
  if (const auto* identity = std::get_if<Identity>(&decision)) {
    request.who = identity->who;
    request.role = identity->role;
    request.holds = identity->holds;
    return std::nullopt;
  }
  if (std::get<Denied>(decision) == Denied::kUnmarked) {
    return refuse(403, ErrorCode::kInvalidArgument,
                  "with a cookie, only this server's page changes something",
                  std::string("a page sends ") + kPageMark + ": 1; programs send a token");
  }
  if (std::get<Denied>(decision) == Denied::kForbidden) {
    return refuse(403, ErrorCode::kInvalidArgument, "this needs the role '" + access.role() + "'",
                  "use a token that has it");
  }
  Refusal refusal = refuse(401, ErrorCode::kInvalidArgument, "the token is missing or wrong",
                           "send it as 'Authorization: Bearer TOKEN'");
  refusal.headers.add("WWW-Authenticate", "Bearer");
  return refusal;
}

// Who may not even know is told so; to others, the refusal.
Refusal behind_access(const Gate& gate, Request& request, Refusal refusal) {
  if (auto no = denied(gate, gate.router.otherwise(), request)) return *std::move(no);
  return refusal;
}

std::size_t bytes_of(const Head& head) {
  std::size_t bytes = head.method.size() + head.target.size();
  for (const auto& [name, value] : head.headers.fields()) bytes += name.size() + value.size() + 4;
  return bytes;
}

std::optional<Refusal> check_framing(const Head& head, std::uint64_t limit) {
  if (const auto coding = head.headers.find("Transfer-Encoding");
      coding && (!head.chunked || !same_ignoring_case(*coding, "chunked"))) {
    return refuse(501, ErrorCode::kInvalidArgument,
                  "the transfer coding '" + printable(*coding) + "' is not known", "use chunked");
  }
  if (head.headers.find("Content-Encoding")) {
    return refuse(415, ErrorCode::kInvalidArgument, "the body is encoded", "send it as it is");
  }
  if (const auto expect = head.headers.find("Expect");
      expect && !same_ignoring_case(*expect, "100-continue")) {
    return refuse(417, ErrorCode::kInvalidArgument, "'" + printable(*expect) + "' is expected",
                  "only 100-continue is known");
  }
  if (head.content_length.value_or(0) > limit) {
    return refuse(413, ErrorCode::kInvalidArgument,
                  "the body has " + format_bytes(*head.content_length) + ", and at most " +
                      format_bytes(limit) + " are taken");
  }
  return std::nullopt;
}

}  // namespace

Names loopback_names(std::uint16_t port, bool tls) {
  const std::string scheme = tls ? "https://" : "http://";
  Names names;
  for (const std::string host : {"127.0.0.1", "localhost", "[::1]"}) {
    const std::string name = host + ":" + std::to_string(port);
    names.hosts.push_back(name);
    names.origins.push_back(scheme + name);
    if (port != (tls ? 443 : 80)) continue;
    names.hosts.push_back(host);
    names.origins.push_back(scheme + host);
  }
  return names;
}

Result<void> add_name(Names& names, const std::string& name, bool tls) {
  constexpr std::string_view kTls = "https://";
  const bool named = name.starts_with(kTls);
  const std::string host = lower_case(named ? name.substr(kTls.size()) : name);
  const std::size_t colon = host.rfind(':');
  const std::string port = colon == std::string::npos ? "" : host.substr(colon + 1);
  const bool has_port = !port.empty() && port.find_first_not_of("0123456789") == std::string::npos;
  const bool plain =
      !host.empty() && colon != 0 &&
      host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_[]:") == std::string::npos;
  if (!plain || !(has_port || (named && colon == std::string::npos))) {
    return invalid_argument("'" + printable(name) + "' is no name of a server",
                            "for example 10.0.0.5:8000, or https://cairn.example.org");
  }
  const std::string scheme = named || tls ? "https://" : "http://";
  // Browsers leave out a scheme's own port, in Host as in Origin.
  const std::string usual = named || tls ? ":443" : ":80";
  if (host.ends_with(usual)) {
    const std::string bare = host.substr(0, host.size() - usual.size());
    names.hosts.push_back(bare);
    names.origins.push_back(scheme + bare);
  }
  names.hosts.push_back(host);
  names.origins.push_back(scheme + host);
  return {};
}

std::string peer_of(const Head& head, bool behind_proxy) {
  if (!behind_proxy) return head.peer;
  std::string_view last;
  for (const auto& [name, value] : head.headers.fields()) {
    if (same_ignoring_case(name, "X-Forwarded-For")) last = value;
  }
  const std::string address(trim(last.substr(last.rfind(',') + 1)));
  std::array<char, 16> ignored;
  const bool valid = ::inet_pton(AF_INET, address.c_str(), ignored.data()) == 1 ||
                     ::inet_pton(AF_INET6, address.c_str(), ignored.data()) == 1;
  return valid ? address : head.peer;
}

std::optional<Refusal> check_host(const Headers& headers, const Names& names) {
  if (headers.count("Host") != 1) {
    return refuse(400, ErrorCode::kInvalidArgument, "the request has not exactly one Host");
  }
  const std::string host = lower_case(*headers.find("Host"));
  if (contains(names.hosts, host)) return std::nullopt;
  return refuse(421, ErrorCode::kInvalidArgument, "this server is not '" + printable(host) + "'",
                "it is " + join(names.hosts, ", "));
}

std::optional<Refusal> check_origin(Method method, const Headers& headers, const Names& names) {
  if (is_safe(method)) return std::nullopt;
  const auto origin = headers.find("Origin");
  if (origin && (headers.count("Origin") != 1 || !contains(names.origins, lower_case(*origin)))) {
    return refuse(403, ErrorCode::kInvalidArgument,
                  "pages of '" + printable(*origin) + "' may change nothing here");
  }
  const auto site = headers.find("Sec-Fetch-Site");
  if (site &&
      (headers.count("Sec-Fetch-Site") != 1 || (*site != "same-origin" && *site != "none"))) {
    return refuse(403, ErrorCode::kInvalidArgument, "pages of other sites may change nothing here");
  }
  return std::nullopt;
}

std::optional<Refusal> check_content(Method method, const Head& head) {
  if (is_safe(method)) return std::nullopt;
  const auto type = head.headers.find("Content-Type");
  if (!type && !head.has_body()) return std::nullopt;
  const std::string given = type ? lower_case(*type) : "";
  const std::string_view media = trim(std::string_view(given).substr(0, given.find(';')));
  const std::size_t charset = given.find("charset=");
  const bool utf8 = charset == std::string::npos ||
                    trim(std::string_view(given).substr(charset + 8)) == "utf-8" ||
                    trim(std::string_view(given).substr(charset + 8)) == "\"utf-8\"";
  if (media == "application/json" && utf8 && head.headers.count("Content-Type") == 1) {
    return std::nullopt;
  }
  return refuse(415, ErrorCode::kInvalidArgument,
                "the body is '" + printable(given) + "', and only JSON is taken",
                "send Content-Type: application/json");
}

namespace {

// What judge() does, as far as it gets: `admission` holds what is known when it refuses.
std::optional<Refusal> consider(const Gate& gate, const Head& head, Admission& admission) {
  if (head.version != 10 && head.version != 11) {
    return refuse(505, ErrorCode::kInvalidArgument, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  // One that came in a single piece was not counted on its way.
  if (bytes_of(head) > gate.limits.header_bytes) {
    return refuse(431, ErrorCode::kInvalidArgument, "the header is too large");
  }
  if (auto refusal = check_host(head.headers, gate.names)) return refusal;
  Request& request = admission.request;
  request.headers = head.headers;
  const auto method = parse_method(head.method);
  if (!method) {
    return behind_access(gate, request,
                         refuse(501, ErrorCode::kInvalidArgument,
                                "the method '" + printable(head.method) + "' is not known"));
  }
  request.method = *method;
  if (head.target.size() > gate.limits.target_bytes) {
    return behind_access(
        gate, request,
        refuse(414, ErrorCode::kInvalidArgument,
               "the request target has more than " + format_bytes(gate.limits.target_bytes)));
  }
  auto target = parse_target(head.target);
  if (!target.ok()) {
    Refusal refusal;
    refusal.error = std::move(target).error();
    return behind_access(gate, request, std::move(refusal));
  }
  request.target = *std::move(target);
  auto found = gate.router.match(*method, request.target.parts);
  if (std::holds_alternative<Router::NoPath>(found)) {
    return behind_access(
        gate, request,
        refuse(404, ErrorCode::kNotFound, "there is no " + printable(request.target.path)));
  }
  if (const auto* other = std::get_if<Router::NoMethod>(&found)) {
    Refusal refusal = refuse(405, ErrorCode::kInvalidArgument,
                             head.method + " is not for " + printable(request.target.path),
                             "it answers " + other->allow);
    refusal.headers.add("Allow", other->allow);
    return behind_access(gate, request, std::move(refusal));
  }
  auto& match = std::get<Router::Match>(found);
  admission.route = match.route;
  request.values = std::move(match.values);
  if (auto no = denied(gate, match.route->access, request)) return no;
  if (auto no = check_origin(*method, head.headers, gate.names)) return no;
  admission.body_limit = match.route->body_bytes.value_or(gate.limits.body_bytes);
  if (auto no = check_framing(head, admission.body_limit)) return no;
  return check_content(*method, head);
}

}  // namespace

std::variant<Admission, Refusal> judge(const Gate& gate, Head head) {
  Admission admission;
  admission.request.peer = peer_of(head, gate.behind_proxy);
  admission.request.trace = std::move(head.trace);
  auto refusal = consider(gate, head, admission);
  if (!refusal) return admission;
  refusal->route = admission.route;
  refusal->request = std::move(admission.request);
  return *std::move(refusal);
}

}  // namespace cairn::http
