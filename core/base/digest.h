// SHA-256, and the one spelling of a digest: "sha256:" and 64 lower-case hex digits.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace cairn {

using Digest = std::string;

// Not thread-safe; one hasher hashes one stream.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void update(std::string_view bytes);
  // Ends the stream; the hasher starts anew after it.
  [[nodiscard]] Digest finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] Digest digest_of(std::string_view bytes);
[[nodiscard]] bool is_digest(std::string_view text);
// The hex digits without "sha256:".
[[nodiscard]] std::string_view digest_hex(const Digest& digest);

}  // namespace cairn
