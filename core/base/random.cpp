#include "core/base/random.h"

#include <openssl/sha.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string>

namespace cairn {
namespace {

void append_u64(std::string& bytes, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    bytes.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

std::array<std::uint64_t, 4> hash_key(std::uint64_t seed, std::string_view purpose,
                                      std::initializer_list<std::uint64_t> key) {
  std::string bytes;
  append_u64(bytes, seed);
  append_u64(bytes, purpose.size());
  bytes.append(purpose);
  for (const std::uint64_t part : key) append_u64(bytes, part);
  unsigned char raw[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), raw);
  std::array<std::uint64_t, 4> words{};
  for (std::size_t i = 0; i < sizeof raw; ++i) {
    words[i / 8] |= static_cast<std::uint64_t>(raw[i]) << (8 * (i % 8));
  }
  return words;
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::string_view purpose,
                           std::initializer_list<std::uint64_t> key)
    : state_(hash_key(seed, purpose, key)) {}

std::uint64_t RandomStream::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double RandomStream::uniform() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  const std::uint64_t tail = (0 - bound) % bound;  // 2^64 mod bound
  std::uint64_t draw = next();
  while (draw < tail) draw = next();
  return draw % bound;
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t derive_seed(std::uint64_t seed, std::string_view purpose,
                          std::initializer_list<std::uint64_t> key) {
  return hash_key(seed, purpose, key)[0];
}

}  // namespace cairn
