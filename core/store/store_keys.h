// Keys of the database. Numbers are 8 bytes, big endian, so that byte order is their order.
//
//   m/format             the store's format, as decimal text
//   m/sequence           the sequence of the last journal record; since format 2
//   j/RUN/SEQUENCE       a journal record
//   r/RUN                a run's summary
//   s/RUN                a run's snapshot; since format 2
//   c/KEY                a cache entry
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cairn::store_keys {

inline constexpr std::string_view kFormat = "m/format";
inline constexpr std::string_view kSequence = "m/sequence";
inline constexpr std::string_view kSummaries = "r/";
inline constexpr std::string_view kSnapshots = "s/";
inline constexpr std::string_view kCache = "c/";

inline void append_big_endian(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>((number >> shift) & 0xff));
  }
}

inline std::string big_endian(std::uint64_t number) {
  std::string bytes;
  append_big_endian(bytes, number);
  return bytes;
}

inline std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

inline std::string journal_prefix(std::string_view run) {
  return "j/" + std::string(run) + "/";
}

inline std::string prefixed(std::string_view prefix, std::string_view key) {
  std::string text(prefix);
  text += key;
  return text;
}

// The first key after all that start with the prefix; its last byte is not 0xff.
inline std::string end_of(std::string_view prefix) {
  std::string end(prefix);
  ++end.back();
  return end;
}

}  // namespace cairn::store_keys
