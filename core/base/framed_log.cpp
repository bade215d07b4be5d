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

void put_u32(std::uint32_t value, std::string& out) {
  for (std::size_t i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

Result<void> put_frame(std::string_view payload, std::string& out) {
  if (payload.size() > kMaxPayload)
    return internal_error("a record of " + std::to_string(payload.size()) + " bytes is too large");
  const std::size_t start = out.size();
  put_u32(static_cast<std::uint32_t>(payload.size()), out);
  put_u32(crc32c(payload, crc32c(std::string_view(out).substr(start, 4))), out);
  out += payload;
  return {};
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
  FramedLogWriter writer(files, path);
  CAIRN_ASSIGN(FramedLogContent found, writer.reopen());
  CAIRN_TRY(files.sync(path.parent_path()));
  if (content != nullptr) *content = std::move(found);
  return writer;
}

Result<FramedLogContent> FramedLogWriter::reopen() {
  CAIRN_ASSIGN(FramedLogContent found, read_framed_log(*files_, path_));
  if (found.torn_bytes > 0) CAIRN_TRY(files_->truncate(path_, found.valid_bytes));
  CAIRN_ASSIGN(file_, files_->open_append(path_));
  size_ = found.valid_bytes;
  return found;
}

Result<void> FramedLogWriter::append(std::string_view payload) {
  if (!file_) CAIRN_TRY(reopen());
  frame_.clear();
  CAIRN_TRY(put_frame(payload, frame_));
  if (auto written = file_->append(frame_); !written.ok()) {
    file_.reset();
    return written;
  }
  size_ += frame_.size();
  return {};
}

Result<void> FramedLogWriter::sync() {
  if (!file_) CAIRN_TRY(reopen());
  return file_->sync();
}

Result<void> FramedLogWriter::replace(const std::vector<std::string>& payloads) {
  std::string bytes;
  for (const auto& payload : payloads) CAIRN_TRY(put_frame(payload, bytes));
  file_.reset();
  if (bytes.empty()) {
    CAIRN_TRY(files_->truncate(path_, 0));
  } else {
    CAIRN_TRY(files_->write_atomic(path_, bytes));
  }
  CAIRN_TRY(reopen());
  return {};
}

}  // namespace cairn
