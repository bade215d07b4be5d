#include "core/server/reading/line_index.h"

#include <algorithm>
#include <cstring>

#include "core/server/reading/open_file.h"

namespace cairn {
namespace {

constexpr std::size_t kBlock = std::size_t{256} << 10;
constexpr std::size_t kGuard = 64;
constexpr std::size_t kPiece = std::size_t{4} << 10;

// Sums in bytes first, so that a compiler can count many at once.
std::uint64_t count_ends(std::string_view bytes) {
  constexpr std::size_t kMostInByte = 255;
  std::uint64_t ends = 0;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kMostInByte);
    std::uint8_t some = 0;
    for (const char letter : part) some += letter == '\n' ? 1 : 0;
    ends += some;
    bytes.remove_prefix(part.size());
  }
  return ends;
}

}  // namespace

Result<bool> LineIndex::same_file(int fd, std::uint64_t size) const {
  if (size < counted_.bytes) return false;
  CAIRN_ASSIGN(const std::string now,
               read_range(fd, counted_.bytes - guard_.size(), guard_.size()));
  return now == guard_;
}

void LineIndex::add_mark(const Mark& mark) {
  marks_.push_back(mark);
  if (marks_.size() < most_marks_) return;
  std::size_t kept = 0;
  for (std::size_t i = 1; i < marks_.size(); i += 2) marks_[kept++] = marks_[i];
  marks_.resize(kept);
  lines_apart_ *= 2;
  bytes_apart_ *= 2;
}

void LineIndex::take(const char* block, std::size_t size) {
  const std::string_view bytes(block, size);
  const auto last = [&] { return marks_.empty() ? Mark{} : marks_.back(); };
  for (std::size_t begin = 0; begin < size; begin += kPiece) {
    const std::string_view piece = bytes.substr(begin, kPiece);
    const std::uint64_t ends = count_ends(piece);
    const std::uint64_t offset = counted_.bytes + begin;
    if (counted_.lines + ends >= last().line + lines_apart_) {
      std::uint64_t line = counted_.lines;
      for (std::size_t at = 0; line < counted_.lines + ends; ++at) {
        at = piece.find('\n', at);
        if (++line >= last().line + lines_apart_) add_mark({line, offset + at + 1});
      }
    } else if (ends > 0 && offset + piece.size() - last().offset >= bytes_apart_) {
      add_mark({counted_.lines + ends, offset + piece.rfind('\n') + 1});
    }
    counted_.lines += ends;
  }
  counted_.bytes += size;
  guard_ += bytes.substr(size - std::min(size, kGuard));
  if (guard_.size() > kGuard) guard_.erase(0, guard_.size() - kGuard);
}

Result<void> LineIndex::count(int fd, std::uint64_t size, const WorkBudget& budget,
                              std::uint64_t enough_lines) {
  const std::unique_lock mine(counting_, std::try_to_lock);
  if (!mine.owns_lock()) return {};
  {
    const std::lock_guard lock(mutex_);
    CAIRN_ASSIGN(const bool same, same_file(fd, size));
    if (!same || lines_apart_ == 0) {
      if (!same) ++counted_.times_new;
      marks_.clear();
      lines_apart_ = first_lines_;
      bytes_apart_ = first_bytes_;
      counted_.bytes = 0;
      counted_.lines = 0;
      guard_.clear();
    }
  }
  std::string block(kBlock, '\0');
  std::uint64_t at = counted_.bytes;  // who counts is the only one to change it
  while (at < size && counted_.lines < enough_lines) {
    CAIRN_ASSIGN(const std::size_t got,
                 read_at(fd, at, block.data(), std::min<std::uint64_t>(kBlock, size - at)));
    if (got == 0) break;
    at += got;
    const std::lock_guard lock(mutex_);
    take(block.data(), got);
    if (budget.spent()) break;
  }
  return {};
}

LineIndex::Counted LineIndex::counted() const {
  const std::lock_guard lock(mutex_);
  return counted_;
}

LineIndex::Mark LineIndex::before_line(std::uint64_t lines) const {
  const std::lock_guard lock(mutex_);
  const auto above =
      std::upper_bound(marks_.begin(), marks_.end(), lines,
                       [](std::uint64_t wanted, const Mark& mark) { return wanted < mark.line; });
  return above == marks_.begin() ? Mark{} : *std::prev(above);
}

Result<std::optional<std::uint64_t>> LineIndex::lines_before(int fd, std::uint64_t offset) const {
  Mark mark;
  {
    const std::lock_guard lock(mutex_);
    if (offset > counted_.bytes) return std::optional<std::uint64_t>();
    const auto above = std::upper_bound(
        marks_.begin(), marks_.end(), offset,
        [](std::uint64_t wanted, const Mark& other) { return wanted < other.offset; });
    if (above != marks_.begin()) mark = *std::prev(above);
  }
  std::string block(std::min<std::uint64_t>(kBlock, offset - mark.offset), '\0');
  while (mark.offset < offset) {
    CAIRN_ASSIGN(const std::size_t got,
                 read_at(fd, mark.offset, block.data(),
                         std::min<std::uint64_t>(block.size(), offset - mark.offset)));
    if (got == 0) return std::optional<std::uint64_t>();
    mark.line += count_ends(std::string_view(block).substr(0, got));
    mark.offset += got;
  }
  return std::optional(mark.line);
}

Result<std::optional<std::uint64_t>> LineIndex::offset_of(int fd, std::uint64_t lines) const {
  if (lines > counted().lines) return std::optional<std::uint64_t>();
  Mark mark = before_line(lines);
  std::string block(mark.line == lines ? 0 : kBlock, '\0');
  while (mark.line < lines) {
    CAIRN_ASSIGN(const std::size_t got, read_at(fd, mark.offset, block.data(), block.size()));
    if (got == 0) return std::optional<std::uint64_t>();
    const char* at = block.data();
    const char* const end = at + got;
    while (mark.line < lines && at < end) {
      const auto* found =
          static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      if (found != nullptr) ++mark.line;
      at = found == nullptr ? end : found + 1;
    }
    mark.offset += static_cast<std::uint64_t>(at - block.data());
  }
  return std::optional(mark.offset);
}

std::size_t LineIndex::memory() const {
  const std::lock_guard lock(mutex_);
  return sizeof *this + marks_.capacity() * sizeof(Mark);
}

}  // namespace cairn
