#include "core/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "core/base/hex.h"

namespace cairn {
namespace {
constexpr std::string_view kPrefix = "sha256:";
}

struct Hasher::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Impl() {
    // Digests follow no one's configuration, and reading it takes a process a millisecond.
    static const int kReady = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    (void)kReady;
    EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  }
  ~Impl() { EVP_MD_CTX_free(context); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
};

Hasher::Hasher() : impl_(std::make_unique<Impl>()) {}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(std::string_view bytes) {
  EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size());
}

Digest Hasher::finish() {
  unsigned char raw[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(impl_->context, raw, &size);
  EVP_DigestInit_ex(impl_->context, EVP_sha256(), nullptr);
  Digest text(kPrefix);
  text += hex_of({reinterpret_cast<const char*>(raw), size});
  return text;
}

Digest digest_of(std::string_view bytes) {
  Hasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

bool is_digest(std::string_view text) {
  return text.size() == kPrefix.size() + 64 && text.starts_with(kPrefix) &&
         std::all_of(text.begin() + kPrefix.size(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string_view digest_hex(const Digest& digest) {
  return std::string_view(digest).substr(kPrefix.size());
}

}  // namespace cairn
