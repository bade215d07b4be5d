#include "core/sdk/kinds/byte_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace cairn {
namespace {

constexpr std::size_t kChunk = std::size_t{256} << 10;

fs::path partial(const fs::path& path) {
  return path.string() + ".partial";
}

}  // namespace

Result<ByteReader> ByteReader::open(const fs::path& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return io_error("read", path, errno);
  return ByteReader(path, std::move(file));
}

Result<std::string> ByteReader::read(std::size_t most) {
  std::string bytes(most, '\0');
  ssize_t count = 0;
  do {
    count = ::read(file_.get(), bytes.data(), most);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return io_error("read", path_, errno);
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

Result<LineReader> LineReader::open(const fs::path& path) {
  CAIRN_ASSIGN(ByteReader bytes, ByteReader::open(path));
  return LineReader(std::move(bytes));
}

Result<std::optional<std::string_view>> LineReader::next() {
  std::size_t searched = begin_;
  for (;;) {
    const std::size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos || ended_) {
      complete_ = end != std::string::npos;
      if (!complete_ && begin_ == buffer_.size()) return std::optional<std::string_view>();
      const std::size_t stop = complete_ ? end : buffer_.size();
      std::string_view line = std::string_view(buffer_).substr(begin_, stop - begin_);
      if (line.ends_with('\r')) line.remove_suffix(1);
      begin_ = complete_ ? end + 1 : stop;
      ++number_;
      return std::optional(line);
    }
    searched = buffer_.size() - begin_;
    buffer_.erase(0, begin_);
    begin_ = 0;
    if (buffer_.size() > kLongest) {
      ++number_;
      return here(invalid_argument("the line is longer than 256 MiB"));
    }
    CAIRN_ASSIGN(const std::string more, bytes_.read(kChunk));
    ended_ = more.empty();
    buffer_ += more;
  }
}

Error LineReader::here(Error error) const {
  error.where = Where{bytes_.path().string(), number_, 1};
  return error;
}

Result<ByteWriter> ByteWriter::create(const fs::path& path) {
  Fd file(::open(partial(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0) return io_error("create", path, errno);
  return ByteWriter(path, std::move(file));
}

Result<void> ByteWriter::write(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < kChunk ? Result<void>() : flush();
}

Result<void> ByteWriter::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t count = ::write(file_.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_error("write", path_, errno);
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  buffer_.clear();
  return {};
}

Result<void> ByteWriter::close() {
  CAIRN_TRY(flush());
  if (file_.close() != 0) return io_error("write", path_, errno);
  if (::rename(partial(path_).c_str(), path_.c_str()) != 0) return io_error("write", path_, errno);
  return {};
}

}  // namespace cairn
