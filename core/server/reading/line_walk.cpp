#include "core/server/reading/line_walk.h"

#include <algorithm>
#include <cstring>

#include "core/server/reading/open_file.h"

namespace cairn {
namespace {

constexpr std::size_t kWindow = std::size_t{256} << 10;
static_assert(kWindow >= 2 * kLineHead);

}  // namespace

LinesForward::LinesForward(int fd, std::uint64_t from, std::uint64_t until)
    : fd_(fd), until_(until), begin_(from) {}

// Moves what is left to the front and reads behind it.
Result<void> LinesForward::fill() {
  if (buffer_.empty()) buffer_.resize(kWindow);
  std::memmove(buffer_.data(), buffer_.data() + at_, size_ - at_);
  begin_ += at_;
  size_ -= at_;
  at_ = 0;
  const std::uint64_t from = begin_ + size_;
  if (from >= until_) return {};
  const std::size_t room =
      static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size() - size_, until_ - from));
  CAIRN_ASSIGN(const std::size_t got, read_at(fd_, from, buffer_.data() + size_, room));
  if (got < room) until_ = from + got;
  size_ += got;
  return {};
}

Result<std::optional<RawLine>> LinesForward::next() {
  const auto find_end = [&](std::size_t from) -> const char* {
    return static_cast<const char*>(std::memchr(buffer_.data() + from, '\n', size_ - from));
  };
  const char* end = size_ > at_ ? find_end(at_) : nullptr;
  if (end == nullptr) {
    const std::size_t seen = size_ - at_;
    CAIRN_TRY(fill());
    if (size_ == 0) return std::optional<RawLine>();
    if (size_ > seen) end = find_end(seen);
  }
  RawLine line;
  line.offset = begin_ + at_;
  if (end != nullptr) {
    const auto length = static_cast<std::size_t>(end - (buffer_.data() + at_));
    line.bytes = length > 0 && buffer_[at_ + length - 1] == '\r' ? length - 1 : length;
    line.head =
        std::string_view(buffer_).substr(at_, std::min(line.bytes, std::uint64_t{kLineHead}));
    line.end = line.offset + length + 1;
    at_ += length + 1;
    return std::optional(line);
  }
  if (begin_ + size_ >= until_) {
    const std::size_t length = size_ - at_;
    line.bytes = length;
    line.end = line.offset + length;
    line.whole = false;
    line.head = std::string_view(buffer_).substr(at_, std::min(length, kLineHead));
    at_ = size_;
    return std::optional(line);
  }
  // Longer than the window.
  long_head_.assign(buffer_, 0, kLineHead);
  line.head = long_head_;
  char before_end = buffer_[size_ - 1];
  for (;;) {
    at_ = size_;
    CAIRN_TRY(fill());
    if (size_ == 0) {
      line.end = begin_;
      line.bytes = line.end - line.offset;
      line.whole = false;
      return std::optional(line);
    }
    end = find_end(0);
    if (end != nullptr) break;
    before_end = buffer_[size_ - 1];
  }
  const auto length = static_cast<std::size_t>(end - buffer_.data());
  if (length > 0) before_end = buffer_[length - 1];
  at_ = length + 1;
  line.end = begin_ + at_;
  line.bytes = line.end - 1 - line.offset - (before_end == '\r' ? 1 : 0);
  return std::optional(line);
}

LinesBackward::LinesBackward(int fd, std::uint64_t before)
    : fd_(fd), end_(before), begin_(before) {}

Result<std::optional<RawLine>> LinesBackward::next() {
  if (end_ == 0) return std::optional<RawLine>();
  RawLine line;
  line.end = end_;
  std::uint64_t look = end_;  // the line's last byte lies before it
  bool first = true;
  for (;;) {
    if (look <= begin_) {
      buffer_.resize(kWindow);
      const std::uint64_t from = look > kWindow ? look - kWindow : 0;
      CAIRN_ASSIGN(size_, read_at(fd_, from, buffer_.data(), look - from));
      if (size_ < look - from) return std::optional<RawLine>();  // became shorter meanwhile
      begin_ = from;
    }
    auto within = static_cast<std::size_t>(look - begin_);
    if (first) {
      first = false;
      line.whole = buffer_[within - 1] == '\n';
      if (line.whole) {
        --within;
        if (within == 0 && begin_ > 0) {
          look = begin_;
          continue;
        }
      }
    }
    const void* found = ::memrchr(buffer_.data(), '\n', within);
    if (found != nullptr) {
      line.offset =
          begin_ + static_cast<std::uint64_t>(static_cast<const char*>(found) - buffer_.data()) + 1;
      break;
    }
    if (begin_ == 0) {
      line.offset = 0;
      break;
    }
    look = begin_;
  }
  line.bytes = line.end - line.offset - (line.whole ? 1 : 0);
  const auto head = static_cast<std::size_t>(std::min<std::uint64_t>(line.bytes, kLineHead));
  if (line.offset >= begin_ && line.offset + head <= begin_ + size_) {
    line.head = std::string_view(buffer_).substr(line.offset - begin_, head);
  } else {
    CAIRN_ASSIGN(head_, read_range(fd_, line.offset, head));
    line.head = head_;
  }
  end_ = line.offset;
  if (!line.whole || line.bytes == 0) return std::optional(line);
  char last = 0;
  if (line.bytes == line.head.size()) {
    last = line.head.back();
  } else {
    CAIRN_TRY(read_at(fd_, line.offset + line.bytes - 1, &last, 1));
  }
  if (last == '\r') line.head = line.head.substr(0, --line.bytes);
  return std::optional(line);
}

Result<std::uint64_t> line_begin(int fd, std::uint64_t offset) {
  std::string block(kWindow, '\0');
  for (std::uint64_t look = offset; look > 0;) {
    const std::uint64_t from = look > kWindow ? look - kWindow : 0;
    CAIRN_ASSIGN(const std::size_t got, read_at(fd, from, block.data(), look - from));
    if (const void* found = ::memrchr(block.data(), '\n', got))
      return from + static_cast<std::uint64_t>(static_cast<const char*>(found) - block.data()) + 1;
    look = from;
  }
  return std::uint64_t{0};
}

}  // namespace cairn
