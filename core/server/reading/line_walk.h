// The lines of a file one after the other, forwards or backwards, in memory that does not depend on
// how long they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace cairn {

// Of longer lines this many bytes are at hand.
inline constexpr std::size_t kLineHead = std::size_t{64} << 10;

struct RawLine {
  std::uint64_t offset = 0;
  std::uint64_t end = 0;    // behind the line's end
  std::uint64_t bytes = 0;  // without its end, "\n" or "\r\n"
  bool whole = true;        // false: the file ends before the line does
  std::string_view head;    // its first bytes, all of them up to kLineHead
  // What is at hand from its first byte on, lines behind it included; at least the head.
  std::string_view ahead;
};

// Not thread-safe. The descriptor outlives it; `head` is valid until the next call.
class LinesForward {
 public:
  // from: where a line begins. until: bytes from there on are not looked at. head: of longer lines
  // this much is at hand.
  LinesForward(int fd, std::uint64_t from, std::uint64_t until, std::size_t head = kLineHead);
  // Nothing at the end.
  [[nodiscard]] Result<std::optional<RawLine>> next();

 private:
  Result<void> fill();
  Result<std::optional<RawLine>> pass_long();
  RawLine in_buffer(std::size_t length, bool whole);

  int fd_;
  std::uint64_t until_;
  std::size_t most_head_;
  std::uint64_t begin_;  // file offset of buffer_[0]
  std::string buffer_;
  std::size_t size_ = 0;  // of what is in the buffer
  std::size_t at_ = 0;    // of the next line in it
  std::string long_head_;
};

class LinesBackward {
 public:
  // before: where a line begins, or the end of the file.
  LinesBackward(int fd, std::uint64_t before);
  // The line that ends there, then those before it. Nothing at the beginning.
  [[nodiscard]] Result<std::optional<RawLine>> next();

 private:
  int fd_;
  std::uint64_t end_;    // of the line that comes next
  std::uint64_t begin_;  // file offset of buffer_[0]
  std::string buffer_;
  std::size_t size_ = 0;
  std::string head_;
};

// Where the line begins that holds this byte; at the end of the file, where its last line begins
// when that has no end, else the end.
[[nodiscard]] Result<std::uint64_t> line_begin(int fd, std::uint64_t offset);

}  // namespace cairn
