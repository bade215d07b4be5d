#include "core/server/reading/line_walk.h"

#include <algorithm>
#include <cstring>

#include "core/server/reading/open_file.h"

namespace cairn {
namespace {

constexpr std::size_t kWindow = std::size_t{256} << 10;

}  // namespace

LinesForward::LinesForward(int fd, std::uint64_t from, std::uint64_t until, std::size_t head)
    : fd_(fd), until_(until), most_head_(head), begin_(from) {}

// Moves what is left to the front and reads behind it, into more room where there is none.
Result<void> LinesForward::fill() {
  if (at_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + at_, size_ - at_);
    begin_ += at_;
    size_ -= at_;
    at_ = 0;
  }
  const std::uint64_t from = begin_ + size_;
  if (from >= until_) return {};
  if (size_ == buffer_.size()) buffer_.resize(std::max(kWindow, 2 * buffer_.size()));
  const std::size_t room =
      static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size() - size_, until_ - from));
  CAIRN_ASSIGN(const std::size_t got, read_at(fd_, from, buffer_.data() + size_, room));
  if (got < room) until_ = from + got;
  size_ += got;
  return {};
}

RawLine LinesForward::in_buffer(std::size_t length, bool whole) {
  RawLine line;
  line.offset = begin_ + at_;
  line.whole = whole;
  line.end = line.offset + length + (whole ? 1 : 0);
  line.bytes = length - (whole && length > 0 && buffer_[at_ + length - 1] == '\r' ? 1 : 0);
  line.head = std::string_view(buffer_).substr(
      at_, static_cast<std::size_t>(std::min<std::uint64_t>(line.bytes, most_head_)));
  line.ahead = std::string_view(buffer_).substr(at_, size_ - at_);
  at_ += length + (whole ? 1 : 0);
  return line;
}

Result<std::optional<RawLine>> LinesForward::next() {
  for (std::size_t seen = 0;;) {
    const char* const rest = buffer_.data() + at_;
    const std::size_t size = size_ - at_;
    if (size > seen) {
      if (const void* end = std::memchr(rest + seen, '\n', size - seen))
        return std::optional(
            in_buffer(static_cast<std::size_t>(static_cast<const char*>(end) - rest), true));
    }
    if (begin_ + size_ >= until_)
      return size == 0 ? std::optional<RawLine>() : std::optional(in_buffer(size, false));
    if (size > std::max(most_head_, kWindow / 2)) return pass_long();
    seen = size;
    CAIRN_TRY(fill());
  }
}

// A line that is longer than what is kept of one.
Result<std::optional<RawLine>> LinesForward::pass_long() {
  RawLine line;
  line.offset = begin_ + at_;
  long_head_.assign(buffer_, at_, most_head_);
  line.head = line.ahead = long_head_;
  for (;;) {
    const char before_end = buffer_[size_ - 1];
    at_ = size_;
    CAIRN_TRY(fill());
    if (size_ == 0) {
      line.end = begin_;
      line.bytes = line.end - line.offset;
      line.whole = false;
      return std::optional(line);
    }
    const void* found = std::memchr(buffer_.data(), '\n', size_);
    if (found == nullptr) continue;
    const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
    at_ = length + 1;
    line.end = begin_ + at_;
    const char last = length > 0 ? buffer_[length - 1] : before_end;
    line.bytes = line.end - 1 - line.offset - (last == '\r' ? 1 : 0);
    return std::optional(line);
  }
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
  line.ahead = line.head;
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
