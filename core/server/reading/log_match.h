// Which lines of a log are wanted.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/server/reading/log_line.h"
#include "core/server/reading/text_search.h"
#include "core/server/reading/work_budget.h"

namespace cairn {

struct LineMatch {
  bool wanted = false;
  bool undecided = false;  // the pattern was too costly for this line
  // In the line's text as read_log_line gives it, in UTF-16 code units.
  std::vector<std::pair<std::size_t, std::size_t>> columns;
  // Where in the file the first match begins; nothing in records, whose text is not their bytes.
  std::optional<std::uint64_t> at;
  // The budget ended it within a long line: go on there.
  std::optional<std::uint64_t> stopped_at;
};

// What a walk forwards knows of the bytes before it: most lines are passed without looking at them.
struct Foresight {
  std::uint64_t clear_until = 0;  // no match begins before this byte of the file
};

// Thread-safe.
class LineMatcher {
 public:
  // levels: of records; empty: all. A line of output.log has no level and is wanted by none.
  [[nodiscard]] static Result<LineMatcher> make(LogSource source, std::set<std::string> levels,
                                                const std::optional<SearchText>& text);
  // longest: bytes of the text that columns are told of. Long lines are read to their end.
  // foresight: one for all lines of a walk.
  [[nodiscard]] Result<LineMatch> match(int fd, const RawLine& line, std::size_t longest,
                                        const WorkBudget& budget, Foresight& foresight) const;
  [[nodiscard]] bool takes_all() const { return levels_.empty() && !search_; }

 private:
  explicit LineMatcher(LogSource source) : source_(source) {}
  [[nodiscard]] bool cannot_match(const RawLine& line, Foresight& foresight) const;
  [[nodiscard]] Result<LineMatch> match_long(int fd, const RawLine& line, std::size_t longest,
                                             const WorkBudget& budget) const;

  LogSource source_;
  std::set<std::string> levels_;
  std::optional<TextSearch> search_;
};

}  // namespace cairn
