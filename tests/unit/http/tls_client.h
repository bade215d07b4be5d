// The client of client.h in TLS.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "tests/unit/http/client.h"

namespace cairn::http {

class TlsClient : public Client {
 public:
  // version: the newest it speaks; 0: any.
  explicit TlsClient(std::uint16_t port, int version = 0)
      : Client(port), ssl_(SSL_new(context()), &SSL_free) {
    if (version != 0) {
      SSL_set_min_proto_version(ssl_.get(), version);
      SSL_set_max_proto_version(ssl_.get(), version);
      // Old versions are refused by the server, not by this client.
      SSL_set_security_level(ssl_.get(), 0);
      SSL_set_cipher_list(ssl_.get(), "ALL:@SECLEVEL=0");
    }
    SSL_set_fd(ssl_.get(), descriptor());
    shaken_ = SSL_connect(ssl_.get()) == 1;
  }
  // Whether the server spoke with it.
  [[nodiscard]] bool shaken() const { return shaken_; }
  // Whether the server said that nothing follows.
  [[nodiscard]] bool told_the_end() const {
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

 protected:
  ssize_t write(std::string_view bytes) override {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  ssize_t read(char* bytes, std::size_t size) override {
    return SSL_read(ssl_.get(), bytes, static_cast<int>(size));
  }

 private:
  static SSL_CTX* context() {
    static const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> shared(
        SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    return shared.get();
  }
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool shaken_ = false;
};

}  // namespace cairn::http
