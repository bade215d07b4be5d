#include "core/http/tls.h"

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>

namespace cairn::http {
namespace {

using boost::system::error_code;
namespace ssl = boost::asio::ssl;

Error unusable(const fs::path& file, const std::string& what, const error_code& error) {
  return invalid_argument(file.string() + " holds no " + what + ": " + error.message(),
                          "it must be in PEM, and a key without a passphrase");
}

}  // namespace

Result<std::shared_ptr<ssl::context>> load_tls(const TlsFiles& files) {
  CAIRN_ASSIGN(const std::string chain, real_file_system().read(files.certificate));
  CAIRN_ASSIGN(const std::string key, real_file_system().read(files.key));
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // A connection that waits holds no buffers.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  error_code error;
  // A key with a passphrase is refused, not asked about on the terminal.
  context->set_password_callback(
      [](std::size_t, ssl::context_base::password_purpose) { return std::string(); }, error);
  if (error) return internal_error("TLS cannot be set up: " + error.message());
  context->use_certificate_chain(boost::asio::buffer(chain), error);
  if (error) return unusable(files.certificate, "certificate", error);
  context->use_private_key(boost::asio::buffer(key), ssl::context::pem, error);
  if (error) {
    return unusable(files.key, "key for " + files.certificate.string(), error);
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    return invalid_argument(
        "the key in " + files.key.string() + " is not that of " + files.certificate.string(),
        "name the two files that were made together");
  }
  return context;
}

}  // namespace cairn::http
