#include "core/sdk/runtime/bounded_log.h"

namespace cairn {

Result<std::uint64_t> shorten_log(
    FileSystem& files, const fs::path& path, std::uint64_t limit,
    const std::function<std::string(std::uint64_t left_out)>& marker) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(path, error);
  if (error) return io_error("inspect", path, error.value());
  if (size <= limit) return size;
  CAIRN_ASSIGN(const std::string bytes, files.read(path));
  const std::uint64_t part = limit / 4;
  // A line longer than a part is cut where the part ends.
  const auto head_end = bytes.rfind('\n', part);
  const std::size_t head = head_end == std::string::npos ? part : head_end + 1;
  const auto tail_start = bytes.find('\n', bytes.size() - part);
  const std::size_t tail = tail_start == std::string::npos || tail_start + 1 == bytes.size()
                               ? bytes.size() - part
                               : tail_start + 1;
  std::string rest = marker(tail - head) + '\n';
  rest += std::string_view(bytes).substr(tail);
  CAIRN_TRY(files.truncate(path, head));
  CAIRN_ASSIGN(const auto file, files.open_append(path));
  CAIRN_TRY(file->append(rest));
  return file->size();
}

Result<std::unique_ptr<BoundedLog>> BoundedLog::open(FileSystem& files, fs::path path,
                                                     std::uint64_t limit, Marker marker) {
  std::unique_ptr<BoundedLog> log(new BoundedLog(files, std::move(path), limit, std::move(marker)));
  CAIRN_ASSIGN(log->file_, files.open_append(log->path_));
  return log;
}

Result<void> BoundedLog::append(std::string_view line) {
  std::string bytes(line);
  bytes += '\n';
  const std::lock_guard lock(mutex_);
  CAIRN_TRY(file_->append(bytes));
  if (file_->size() <= limit_) return {};
  CAIRN_TRY(shorten_log(files_, path_, limit_, marker_));
  CAIRN_ASSIGN(file_, files_.open_append(path_));
  return {};
}

std::uint64_t BoundedLog::size() const {
  const std::lock_guard lock(mutex_);
  return file_->size();
}

}  // namespace cairn
