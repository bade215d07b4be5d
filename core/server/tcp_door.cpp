#include "core/server/tcp_door.h"

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <chrono>

#include "core/base/text.h"

namespace cairn {
namespace {

constexpr std::chrono::seconds kPatience{2};
constexpr std::string_view kScheme = "Bearer ";

// Asks every call for the token of an admin, whatever its method.
class TokenCheck final : public grpc::AuthMetadataProcessor {
 public:
  explicit TokenCheck(std::shared_ptr<AccessTokens> tokens) : tokens_(std::move(tokens)) {}
  [[nodiscard]] bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata* consumed,
                       OutputMetadata*) override {
    const auto found = metadata.find("authorization");
    if (found != metadata.end() && metadata.count("authorization") == 1) {
      const std::string_view shown(found->second.data(), found->second.size());
      const auto token = shown.starts_with(kScheme)
                             ? tokens_->find(shown.substr(kScheme.size()), TokenKind::kToken)
                             : std::nullopt;
      if (token && token->role == Role::kAdmin) {
        consumed->emplace(std::string(found->first.data(), found->first.size()), shown);
        return grpc::Status::OK;
      }
    }
    return {grpc::StatusCode::UNAUTHENTICATED, "the token is missing or wrong"};
  }

 private:
  const std::shared_ptr<AccessTokens> tokens_;
};

// The host and the port of HOST:PORT or [HOST]:PORT; both empty where it is neither.
std::pair<std::string_view, std::string_view> parts_of(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string_view::npos;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return {};
  }
  if (!digits || host.empty() || std::stoi(std::string(port)) > 65535) return {};
  return {host, port};
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Result<std::shared_ptr<grpc::ServerCredentials>> credentials_of(const TcpOptions& options) {
  if (options.tls_certificate.empty()) return grpc::experimental::LocalServerCredentials(LOCAL_TCP);
  grpc::SslServerCredentialsOptions tls;
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  CAIRN_ASSIGN(pair.private_key, real_file_system().read(options.tls_key));
  CAIRN_ASSIGN(pair.cert_chain, real_file_system().read(options.tls_certificate));
  tls.pem_key_cert_pairs.push_back(std::move(pair));
  return grpc::SslServerCredentials(tls);
}

}  // namespace

Result<void> check_tcp_options(const TcpOptions& options) {
  const auto [host, port] = parts_of(options.address);
  if (port.empty()) {
    return invalid_argument("'" + printable(options.address) + "' is not HOST:PORT",
                            "for example 127.0.0.1:7718; port 0 takes any that is free");
  }
  if (options.tls_certificate.empty() != options.tls_key.empty())
    return invalid_argument("TLS needs a certificate and its key: --tls-cert and --tls-key");
  if (options.tls_certificate.empty() && !is_loopback(host)) {
    return invalid_argument(
        "without TLS Cairn listens on this machine only, not on " + std::string(host),
        "name a certificate and its key: --tls-cert FILE --tls-key FILE");
  }
  return {};
}

Result<std::unique_ptr<TcpDoor>> TcpDoor::open(const TcpOptions& options,
                                               std::shared_ptr<AccessTokens> tokens,
                                               grpc::Service& service) {
  CAIRN_TRY(check_tcp_options(options));
  CAIRN_ASSIGN(const auto credentials, credentials_of(options));
  credentials->SetAuthMetadataProcessor(std::make_shared<TokenCheck>(std::move(tokens)));
  std::unique_ptr<TcpDoor> door(new TcpDoor());
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.address, credentials, &port);
  // One that another engine listens on is not shared with it.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(&service);
  builder.SetMaxReceiveMessageSize(-1);
  builder.SetMaxSendMessageSize(-1);
  door->server_ = builder.BuildAndStart();
  if (!door->server_ || port == 0) {
    return make_error(ErrorCode::kIo, "cannot listen on " + options.address,
                      "choose another port, or 0 for any that is free");
  }
  door->address_ = options.address.substr(0, options.address.rfind(':') + 1) + std::to_string(port);
  return door;
}

TcpDoor::~TcpDoor() {
  if (!server_) return;
  server_->Shutdown(std::chrono::system_clock::now() + kPatience);
  server_->Wait();
}

Result<std::shared_ptr<grpc::Channel>> tcp_channel(const std::string& address, bool tls,
                                                   const fs::path& authorities,
                                                   const grpc::ChannelArguments& arguments) {
  if (parts_of(address).second.empty()) {
    return invalid_argument("'" + printable(address) + "' is not HOST:PORT",
                            "as cairn serve --listen printed it");
  }
  std::shared_ptr<grpc::ChannelCredentials> credentials =
      grpc::experimental::LocalCredentials(LOCAL_TCP);
  if (tls) {
    grpc::SslCredentialsOptions options;
    if (!authorities.empty()) {
      CAIRN_ASSIGN(options.pem_root_certs, real_file_system().read(authorities));
    }
    credentials = grpc::SslCredentials(options);
  }
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

}  // namespace cairn
