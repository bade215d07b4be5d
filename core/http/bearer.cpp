#include "core/http/bearer.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

#include "core/base/text.h"

namespace cairn::http {
namespace {

std::array<unsigned char, SHA256_DIGEST_LENGTH> digest_of(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

}  // namespace

std::optional<std::string_view> bearer_token(const Headers& headers) {
  constexpr std::string_view kScheme = "bearer ";
  const auto value = headers.find("Authorization");
  if (!value || headers.count("Authorization") != 1) return std::nullopt;
  if (!same_ignoring_case(value->substr(0, kScheme.size()), kScheme)) return std::nullopt;
  return trim(value->substr(kScheme.size()));
}

bool same_secret(std::string_view one, std::string_view other) {
  const auto a = digest_of(one);
  const auto b = digest_of(other);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace cairn::http
