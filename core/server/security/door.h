// Where `cairn serve --http` listens, and whether it may. How its parts fit together:
//
//   CAIRN_TRY(check_door_options(door));                        // before anything else: exit 2
//   CAIRN_TRY(make_or_read_token(state_dir));
//   CAIRN_ASSIGN(auto tokens, AccessTokens::open(state_dir, clock));
//   CAIRN_ASSIGN(auto audit, AuditLog::open(state_dir, clock));
//   CAIRN_ASSIGN(http::ServerOptions server, server_options(door));
//   server.observer = [&](const http::Answered& answered) { audit->record(answered); };
//   access = make_access_check(*tokens);                        // of http::Server::start
//   session_handlers(*tokens, {.secure = is_secure(door)})      // or session_routes()
//
// and tokens->save_uses() about once a minute, from the thread that waits, and at the end. The
// server ends before the audit log and the tokens do. http::Server::counts() has what /metrics
// tells of requests; the access log is another use of the observer. `cairn ui` finds the server by
// the member "http" of Control.Describe. 1,200 connections need more descriptors than some systems
// give at first: raise_file_limit().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/http/server.h"

namespace cairn {

inline constexpr std::uint16_t kHttpPort = 7717;

struct DoorOptions {
  // HOST:PORT, [HOST]:PORT, or HOST, PORT or nothing with the rest as in localhost:7717. HOST is an
  // IP address or "localhost", which is 127.0.0.1 and ::1. Port 0: any that is free.
  std::string address;
  fs::path tls_certificate;
  fs::path tls_key;
  // A proxy before it speaks TLS with browsers, and says in X-Forwarded-For who asks.
  bool behind_proxy = false;
  // Further names it is called by: "https://cairn.example.org", "10.0.0.5:7717".
  std::vector<std::string> trusted_origins;
};

struct DoorAddress {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] Result<DoorAddress> parse_door_address(const std::string& text);

// Pure. kInvalidArgument, with the way out: no address; half of TLS; TLS here and at a proxy; a
// proxy that nobody named; beyond this machine without TLS and without a proxy.
[[nodiscard]] Result<void> check_door_options(const DoorOptions& options);

// Whether browsers reach it in TLS.
[[nodiscard]] bool is_secure(const DoorOptions& options);

// Lets this process open as many files as the system allows it to; how many these are.
std::uint64_t raise_file_limit();

// Of options that were checked. Its observer and limits are the caller's to set.
[[nodiscard]] Result<http::ServerOptions> server_options(const DoorOptions& options);

}  // namespace cairn
