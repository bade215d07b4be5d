// TcpDoor: the control service over TCP, for those who show an admin's token; Hosts are not behind
// it.
//
// Without TLS it opens on a loopback address only, and takes connections of this machine only. The
// token is asked of every call, also there: other people may be logged in.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/server/security/tokens.h"

namespace cairn {

struct TcpOptions {
  std::string address;  // HOST:PORT; port 0: any that is free
  fs::path tls_certificate;
  fs::path tls_key;
};

// kInvalidArgument: not HOST:PORT; not this machine's loopback, and no TLS.
[[nodiscard]] Result<void> check_tcp_options(const TcpOptions& options);

class TcpDoor {
 public:
  // service: outlives it.
  [[nodiscard]] static Result<std::unique_ptr<TcpDoor>> open(const TcpOptions& options,
                                                             std::shared_ptr<AccessTokens> tokens,
                                                             grpc::Service& service);
  // Waits a moment for calls that go on, then ends them.
  ~TcpDoor();
  TcpDoor(const TcpDoor&) = delete;
  TcpDoor& operator=(const TcpDoor&) = delete;

  // HOST:PORT with the port that was found.
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  TcpDoor() = default;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

// A channel to one. tls: its certificate must be known to the authorities in the file, or to the
// system's where none is named.
[[nodiscard]] Result<std::shared_ptr<grpc::Channel>> tcp_channel(
    const std::string& address, bool tls, const fs::path& authorities,
    const grpc::ChannelArguments& arguments);

}  // namespace cairn
