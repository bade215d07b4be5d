#include "core/base/framed_log.h"

#include <array>

namespace cairn {
namespace {

constexpr std::size_t kHeaderBytes = 8;
constexpr std::uint32_t kMaxPayload = 64 << 20;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78u : 0u);
    table[i] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

std::string little_endian(std::uint32_t value) {
  std::string bytes(4, '\0');
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t start) {
  std::uint32_t crc = ~start;
  for (const char byte : bytes)
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

FramedLogContent parse_framed_log(std::string_view bytes) {
  FramedLogContent content;
  std::string_view rest = bytes;
  while (rest.size() >= kHeaderBytes) {
    const std::uint32_t length = read_u32(rest);
    if (length > kMaxPayload || rest.size() - kHeaderBytes < length) break;
    const std::string_view payload = rest.substr(kHeaderBytes, length);
    if (crc32c(payload, crc32c(rest.substr(0, 4))) != read_u32(rest.substr(4))) break;
    content.frames.emplace_back(payload);
    rest.remove_prefix(kHeaderBytes + length);
  }
  content.torn_bytes = rest.size();
  content.valid_bytes = bytes.size() - rest.size();
  return content;
}

Result<FramedLogContent> read_framed_log(FileSystem& files, const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    if (error) return io_error("find", path, error.value());
    return FramedLogContent{};
  }
  CAIRN_ASSIGN(const std::string bytes, files.read(path));
  return parse_framed_log(bytes);
}

Result<FramedLogWriter> FramedLogWriter::open(FileSystem& files, const fs::path& path,
                                              FramedLogContent* content) {
  CAIRN_ASSIGN(FramedLogContent found, read_framed_log(files, path));
  if (found.torn_bytes > 0) CAIRN_TRY(files.truncate(path, found.valid_bytes));
  FramedLogWriter writer;
  CAIRN_ASSIGN(writer.file_, files.open_append(path));
  CAIRN_TRY(files.sync(path.parent_path()));
  if (content != nullptr) *content = std::move(found);
  return writer;
}

Result<void> FramedLogWriter::append(std::string_view payload) {
  if (payload.size() > kMaxPayload)
    return internal_error("a record of " + std::to_string(payload.size()) + " bytes is too large");
  const std::string length = little_endian(static_cast<std::uint32_t>(payload.size()));
  std::string frame = length + little_endian(crc32c(payload, crc32c(length)));
  frame += payload;
  CAIRN_TRY(file_->append(frame));
  return file_->sync();
}

}  // namespace cairn
