// What a code point is to the split patterns of byte-level BPE: the Unicode properties \p{L}, \p{N}
// and White_Space, and whether NFC can touch it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace cairn::model {

// Bits; a code point without any of the first three is a sign to the patterns.
inline constexpr std::uint8_t kLetter = 1;      // general category L
inline constexpr std::uint8_t kNumber = 2;      // general category N
inline constexpr std::uint8_t kSpace = 4;       // White_Space
inline constexpr std::uint8_t kMayCompose = 8;  // NFC may change it, or a text that it stands in

// Source: ICU's data, and the letters and numbers of Unicode 15.1 and 16 for an ICU that is older,
// as the reference (HF tokenizers 0.23) has them. Immutable, built at the first use.
class CharClasses {
 public:
  [[nodiscard]] static const CharClasses& get();

  [[nodiscard]] std::uint8_t of(char32_t code_point) const {
    return blocks_[static_cast<std::size_t>(page_[code_point >> 8]) << 8 | (code_point & 0xff)];
  }
  [[nodiscard]] std::uint8_t of_ascii(unsigned char byte) const { return blocks_[byte]; }

 private:
  CharClasses();
  std::array<std::uint16_t, 0x1100> page_{};  // page 0 is block 0
  std::vector<std::uint8_t> blocks_;
};

struct CodePoint {
  char32_t value;
  std::uint32_t size;  // bytes
};

// The code point at `at` of valid UTF-8.
[[nodiscard]] inline CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> char32_t {
    return static_cast<unsigned char>(text[at + i]);
  };
  const char32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first < 0xe0) return {(first & 0x1f) << 6 | (byte(1) & 0x3f), 2};
  if (first < 0xf0) return {(first & 0xf) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f), 3};
  return {(first & 7) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f), 4};
}

}  // namespace cairn::model
