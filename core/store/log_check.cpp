// Format of a log: blocks of 32 KiB; in them records of
//   masked CRC-32C of type and payload (4 bytes), length (2), type (1), payload
// all little endian. A record that does not fit a block is cut into first, middle and last; fewer
// than 7 bytes at a block's end are zero.
#include "core/store/log_check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace cairn {
namespace {

constexpr std::size_t kBlock = 32768;
constexpr std::size_t kHeader = 7;
constexpr std::uint8_t kFull = 1;
constexpr std::uint8_t kFirst = 2;
constexpr std::uint8_t kLast = 4;

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0U);
    tables[0][i] = crc;
  }
  for (std::size_t t = 1; t < tables.size(); ++t) {
    for (std::size_t i = 0; i < 256; ++i) {
      tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint64_t little_endian(std::string_view bytes, std::size_t count) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    number |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
  }
  return number;
}

std::uint32_t masked_crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    const std::uint64_t word = little_endian(bytes, 8) ^ crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kTables[7 - i][word >> 8 * i & 0xff];
  }
  for (const char byte : bytes) {
    crc = crc >> 8 ^ kTables[0][(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

struct Record {
  explicit Record(std::string_view bytes)
      : crc(static_cast<std::uint32_t>(little_endian(bytes, 4))),
        length(little_endian(bytes.substr(4), 2)),
        type(static_cast<std::uint8_t>(bytes[6])) {}
  std::uint32_t crc;
  std::size_t length;
  std::uint8_t type;
};

// Whether the bytes start with a record of this length.
bool holds(std::string_view bytes, std::size_t length, std::uint32_t crc) {
  return kHeader + length <= bytes.size() && masked_crc32c(bytes.substr(6, 1 + length)) == crc;
}

// Whether a whole record hides in the rest of a log: then the rest is damaged, not torn. Only a
// wrong length hides the first one; the others are looked for at every byte.
bool hides_record(std::string_view rest) {
  if (rest.size() < kHeader) return false;
  const Record cut(rest);
  for (int bit = 0; bit < 16; ++bit) {
    if (holds(rest, cut.length ^ (std::size_t{1} << bit), cut.crc)) return true;
  }
  if (holds(rest, rest.size() - kHeader, cut.crc)) return true;
  for (rest.remove_prefix(1); rest.size() > kHeader; rest.remove_prefix(1)) {
    const Record record(rest);
    if (record.type < kFull || record.type > kLast) continue;
    if (holds(rest, record.length, record.crc)) return true;
  }
  return false;
}

Result<void> check_log(rocksdb::Env& env, const std::string& path) {
  std::string bytes;
  const rocksdb::Status status = rocksdb::ReadFileToString(&env, path, &bytes);
  if (status.IsNotFound() || status.IsPathNotFound()) return {};  // its writer had done with it
  if (!status.ok()) {
    return make_error(ErrorCode::kIo, "cannot read " + path + ": " + status.ToString(),
                      "check the disk, then try again");
  }
  const std::string damage = find_log_damage(bytes);
  if (damage.empty()) return {};
  return corrupt(path + " is damaged: " + damage,
                 "restore the folder from a backup, or choose another --state-dir");
}

std::string at(std::size_t offset) {
  return " at byte " + std::to_string(offset);
}

}  // namespace

std::string find_log_damage(std::string_view bytes) {
  bool inside = false;  // after a first or middle part
  std::size_t offset = 0;
  while (offset < bytes.size()) {
    const std::string_view rest = bytes.substr(offset);
    const std::size_t left = kBlock - offset % kBlock;
    if (left < kHeader) {
      const std::string_view padding = rest.substr(0, left);
      if (padding.find_first_not_of('\0') != std::string_view::npos) {
        return "padding is not zero" + at(offset);
      }
      offset += padding.size();
      continue;
    }
    if (rest.size() < kHeader) return {};
    const Record record(rest);
    if (record.type == 0 && rest.find_first_not_of('\0') == std::string_view::npos) return {};
    if (kHeader + record.length > rest.size() && rest.size() < left) {
      return hides_record(rest) ? "wrong length" + at(offset) : std::string();
    }
    if (kHeader + record.length > left) return "wrong length" + at(offset);
    if (record.type < kFull || record.type > kLast) return "unknown record" + at(offset);
    if (!holds(rest, record.length, record.crc)) return "wrong checksum" + at(offset);
    const bool starts = record.type == kFull || record.type == kFirst;
    if (starts == inside) return "record out of order" + at(offset);
    inside = record.type != kFull && record.type != kLast;
    offset += kHeader + record.length;
  }
  return {};
}

Result<void> check_logs(rocksdb::Env& env, const std::string& folder) {
  std::vector<std::string> names;
  if (!env.GetChildren(folder, &names).ok()) return {};  // there is no database yet
  const std::string inside = folder + "/";
  std::string manifest;
  if (rocksdb::ReadFileToString(&env, inside + "CURRENT", &manifest).ok() && !manifest.empty()) {
    manifest.pop_back();
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (name != manifest && !name.ends_with(".log")) continue;
    CAIRN_TRY(check_log(env, inside + name));
  }
  return {};
}

}  // namespace cairn
