#include "plugins/lib/model/byte_alphabet.h"

#include <array>

#include "plugins/lib/model/char_class.h"

namespace cairn::model {
namespace {

struct Alphabet {
  std::array<char32_t, 256> of_byte{};
  std::array<std::int16_t, 0x144> byte_of{};  // by code point; -1 outside the alphabet
};

bool stands_for_itself(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.byte_of.fill(-1);
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t c = stands_for_itself(byte) ? byte : next++;
    alphabet.of_byte[byte] = c;
    alphabet.byte_of[c] = static_cast<std::int16_t>(byte);
  }
  return alphabet;
}

const Alphabet& alphabet() {
  static const Alphabet table = make_alphabet();
  return table;
}

}  // namespace

char32_t alphabet_char(unsigned char byte) {
  return alphabet().of_byte[byte];
}

std::string bytes_to_alphabet(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const char32_t point = alphabet_char(static_cast<unsigned char>(c));
    if (point < 0x80) {
      out.push_back(static_cast<char>(point));
    } else {
      out.push_back(static_cast<char>(0xc0 | point >> 6));
      out.push_back(static_cast<char>(0x80 | (point & 0x3f)));
    }
  }
  return out;
}

std::optional<std::string> alphabet_to_bytes(std::string_view token) {
  const auto& byte_of = alphabet().byte_of;
  std::string out;
  for (std::size_t at = 0; at < token.size();) {
    const CodePoint point = code_point_at(token, at);
    if (point.value >= byte_of.size() || byte_of[point.value] < 0) return std::nullopt;
    out.push_back(static_cast<char>(byte_of[point.value]));
    at += point.size;
  }
  return out;
}

}  // namespace cairn::model
