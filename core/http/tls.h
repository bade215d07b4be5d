// TLS for a server: its certificate and key, read and checked before it listens.
#pragma once

#include <memory>

#include "core/base/files.h"
#include "core/base/result.h"

namespace boost::asio::ssl {
class context;
}

namespace cairn::http {

// Files in PEM. The certificate's may hold the chain that leads to its authority.
struct TlsFiles {
  fs::path certificate;
  fs::path key;  // without a passphrase
};

// TLS 1.2 and 1.3. Errors name the file: kIo where it cannot be read; kInvalidArgument where it
// holds no certificate or no key, or the key is not the certificate's.
[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> load_tls(const TlsFiles& files);

}  // namespace cairn::http
