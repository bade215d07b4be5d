#include "core/server/reading/log_match.h"

#include <algorithm>

#include "core/server/reading/open_file.h"
#include "core/server/reading/text_head.h"

namespace cairn {
namespace {

constexpr std::size_t kMostColumns = 64;  // of one line
constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::size_t kOverlap = std::size_t{4} << 10;  // what a match across two pieces may have
static_assert(kOverlap > TextSearch::kLongestText);

// Those that lie in the first `longest` bytes.
std::vector<std::pair<std::size_t, std::size_t>> columns_of(
    std::string_view text, const std::vector<std::pair<std::size_t, std::size_t>>& ranges,
    std::size_t longest) {
  const std::string_view shown = text_head(text, longest);
  std::vector<std::pair<std::size_t, std::size_t>> columns;
  std::size_t at = 0;
  std::size_t column = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin >= shown.size()) break;
    const std::size_t until = std::min(end, shown.size());
    column += utf16_length(shown.substr(at, begin - at));
    const std::size_t first = column;
    column += utf16_length(shown.substr(begin, until - begin));
    at = until;
    columns.emplace_back(first, column);
  }
  return columns;
}

}  // namespace

Result<LineMatcher> LineMatcher::make(LogSource source, std::set<std::string> levels,
                                      const std::optional<SearchText>& text) {
  LineMatcher matcher(source);
  matcher.levels_ = std::move(levels);
  if (text) {
    CAIRN_ASSIGN(matcher.search_, TextSearch::make(*text));
  }
  return matcher;
}

// What can be told from the bytes, so that most lines are not parsed.
bool LineMatcher::cannot_match(const RawLine& line, Foresight& foresight) const {
  if (line.head.size() < line.bytes) return false;
  if (!levels_.empty()) {
    if (source_ == LogSource::kOutput) return true;
    const std::string_view level = level_of(line.head);
    if (!level.empty() && !levels_.contains(std::string(level))) return true;
  }
  if (!search_) return false;
  bool held = line.offset + line.bytes > foresight.clear_until;
  if (held) {
    const std::size_t place = search_->place_in(line.ahead);
    const std::size_t clear = place == TextSearch::kNowhere ? line.ahead.size() : place;
    foresight.clear_until = line.offset + clear;
    held = place < line.head.size();
  }
  if (held) return false;
  // The text of a record has what its JSON has, but for escapes and for how fields are joined.
  // That of other bytes shows some of them as \xNN.
  return source_ == LogSource::kLog ? line.head.find('\\') == std::string_view::npos &&
                                          line.head.find("\"fields\"") == std::string_view::npos
                                    : is_ascii(line.head);
}

Result<LineMatch> LineMatcher::match(int fd, const RawLine& line, std::size_t longest,
                                     const WorkBudget& budget, Foresight& foresight) const {
  LineMatch match;
  if (takes_all()) {
    match.wanted = true;
    return match;
  }
  if (cannot_match(line, foresight)) return match;
  if (!levels_.empty() && !levels_.contains(read_log_line(line, source_, longest).level))
    return match;
  if (!search_) {
    match.wanted = true;
    return match;
  }
  if (line.head.size() < line.bytes) return match_long(fd, line, longest, budget);
  const bool as_it_is = source_ == LogSource::kOutput && is_ascii(line.head);
  const std::string made = as_it_is ? "" : read_log_line(line, source_, kLineHead).text;
  const std::string_view text = as_it_is ? line.head : std::string_view(made);
  const auto found = search_->find(text, kMostColumns);
  match.wanted = !found.ranges.empty();
  match.undecided = found.undecided;
  match.columns = columns_of(text, found.ranges, longest);
  if (match.wanted && source_ == LogSource::kOutput && text == line.head)
    match.at = line.offset + found.ranges.front().first;
  return match;
}

// A piece at a time, with some of the one before: of a match across more than that the line end
// matters to no one. Records of this length are searched as they are written.
Result<LineMatch> LineMatcher::match_long(int fd, const RawLine& line, std::size_t longest,
                                          const WorkBudget& budget) const {
  LineMatch match;
  const std::uint64_t end = line.offset + line.bytes;
  std::string piece;
  for (std::uint64_t at = line.offset; at < end;) {
    CAIRN_ASSIGN(piece, read_range(fd, at, std::min<std::uint64_t>(kPiece, end - at)));
    if (piece.empty()) break;
    if (search_->may_be_in(piece)) {
      const std::string text = readable(piece);
      const auto found = search_->find(text, kMostColumns);
      match.undecided = match.undecided || found.undecided;
      if (!found.ranges.empty()) {
        match.wanted = true;
        match.at = text == piece ? at + found.ranges.front().first : at;
        if (at == line.offset && source_ == LogSource::kOutput)
          match.columns = columns_of(text, found.ranges, longest);
        return match;
      }
    }
    if (at + piece.size() >= end) break;
    at += piece.size() > kOverlap ? piece.size() - kOverlap : piece.size();
    if (budget.spent()) {
      match.stopped_at = at;
      return match;
    }
  }
  return match;
}

}  // namespace cairn
