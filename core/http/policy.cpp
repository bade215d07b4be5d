#include "core/http/policy.h"

#include "core/base/hex.h"

namespace cairn::http {

std::string page_policy(const std::string& nonce) {
  return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce +
         "'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
         "manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
}

Result<std::string> new_nonce(const Entropy& entropy) {
  constexpr std::size_t kBytes = 16;
  CAIRN_ASSIGN(const std::string drawn, entropy(kBytes));
  return hex_of(drawn);
}

}  // namespace cairn::http
