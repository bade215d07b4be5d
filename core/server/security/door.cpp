#include "core/server/security/door.h"

#include <sys/resource.h>

#include <charconv>

#include "core/base/text.h"
#include "core/http/gate.h"

namespace cairn {
namespace {

bool is_port(std::string_view text) {
  constexpr std::size_t kDigits = 5;
  return !text.empty() && text.size() <= kDigits &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

Error no_address(const std::string& text) {
  return invalid_argument("'" + printable(text) + "' is not HOST:PORT",
                          "for example localhost:7717 or [::1]:7717; HOST is localhost or an IP "
                          "address, and port 0 takes any that is free");
}

}  // namespace

Result<DoorAddress> parse_door_address(const std::string& text) {
  DoorAddress address{"localhost", kHttpPort};
  std::string_view host = text;
  std::string_view port;
  if (is_port(text)) {
    host = {};
    port = text;
  } else if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string::npos) return no_address(text);
    host = host.substr(1, end - 1);
    const std::string_view rest = std::string_view(text).substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return no_address(text);
    if (!rest.empty()) port = rest.substr(1);
    if (host.empty() || (!rest.empty() && port.empty())) return no_address(text);
  } else if (const std::size_t colon = text.find(':');
             colon != std::string::npos && colon == text.rfind(':')) {
    host = host.substr(0, colon);
    port = std::string_view(text).substr(colon + 1);
    if (host.empty() || port.empty()) return no_address(text);
  }
  if (!host.empty()) address.host = host;
  if (!port.empty()) {
    if (!is_port(port)) return no_address(text);
    const auto read = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (read.ec != std::errc()) return no_address(text);
  }
  if (!http::is_loopback(address.host).ok()) return no_address(text);
  return address;
}

Result<void> check_door_options(const DoorOptions& options) {
  CAIRN_ASSIGN(const DoorAddress address, parse_door_address(options.address));
  CAIRN_ASSIGN(const bool local, http::is_loopback(address.host));
  const bool tls = !options.tls_certificate.empty();
  if (tls == options.tls_key.empty()) {
    return invalid_argument("TLS needs a certificate and its key",
                            "name both: --tls-cert FILE --tls-key FILE");
  }
  if (options.behind_proxy && tls) {
    return invalid_argument("TLS is spoken either here or by a proxy",
                            "leave out --behind-proxy, or --tls-cert and --tls-key");
  }
  if (options.behind_proxy && options.trusted_origins.empty()) {
    return invalid_argument("nobody knows how browsers call the proxy",
                            "name it: --trusted-origin https://cairn.example.org");
  }
  http::Names ignored;
  for (const std::string& name : options.trusted_origins)
    CAIRN_TRY(http::add_name(ignored, name, tls));
  if (local || tls || options.behind_proxy) return {};
  return invalid_argument(
      "without TLS, tokens and results would cross the network readable: " + address.host +
          " is not this machine alone",
      "listen on localhost and use ssh -L, name a certificate with --tls-cert FILE --tls-key FILE, "
      "or put it behind a proxy that speaks TLS, with --behind-proxy");
}

bool is_secure(const DoorOptions& options) {
  return options.behind_proxy || !options.tls_certificate.empty();
}

std::uint64_t raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  const rlim_t before = files.rlim_cur;
  files.rlim_cur = files.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : before;
}

Result<http::ServerOptions> server_options(const DoorOptions& options) {
  CAIRN_TRY(check_door_options(options));
  CAIRN_ASSIGN(DoorAddress address, parse_door_address(options.address));
  http::ServerOptions server;
  server.host = std::move(address.host);
  server.port = address.port;
  server.names = options.trusted_origins;
  server.behind_proxy = options.behind_proxy;
  if (!options.tls_certificate.empty())
    server.tls = http::TlsFiles{options.tls_certificate, options.tls_key};
  return server;
}

}  // namespace cairn
