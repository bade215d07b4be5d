// Pages of an attempt's logs (core/sdk/runtime/attempt_files.h): a log of any size is opened at its
// beginning, at its end or at a line at the cost of what is shown.
//
// A place is a cursor "ATTEMPT:OFFSET", the offset that of a line's first byte. Logs are bounded:
// when one grows too large its middle is cut out in place (bounded_log.h), and what stood behind
// the first quarter lies elsewhere afterwards. A cursor behind the end goes on at the end, and the
// answer says "shortened"; a cursor within a line means that line.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "core/base/json.h"
#include "core/sdk/runtime/attempt_files.h"
#include "core/server/reading/indexes.h"
#include "core/server/reading/log_line.h"
#include "core/server/reading/open_file.h"
#include "core/server/reading/text_search.h"

namespace cairn {

inline constexpr std::size_t kMostLines = 1000;                        // on a page
inline constexpr std::size_t kMostPageBytes = std::size_t{256} << 10;  // of an answer
inline constexpr std::size_t kLongestText = std::size_t{4} << 10;      // of a line, bytes
inline constexpr std::size_t kMostRangeBytes = std::size_t{1} << 20;   // of log_range
inline constexpr Duration kWorkLimit{200};  // of one call that searches or filters

struct LogFilter {
  std::set<std::string> levels;    // of records, "warning"; empty: all
  std::optional<SearchText> text;  // in what is shown of a line
};

struct LogPageRequest {
  int attempt = 1;
  LogSource source = LogSource::kLog;
  // One of: a cursor, which names the attempt, too; a line, from 1; neither: the beginning, or the
  // end when it goes backwards.
  std::string cursor;
  std::optional<std::uint64_t> line;
  bool backwards = false;  // the lines before the place; else from it on
  std::size_t limit = 200;
  std::size_t bytes = kMostPageBytes;
  LogFilter filter;
  Duration work = kWorkLimit;
};

// {"attempt","source","size","lines": how many the file has, null while they are being counted,
//  "items":[{"line"? (from 1, once counted),"offset","end","time"?,"level"?,"text","cut"?: bytes of
//    the whole line,"partial"?: true, the line has no end yet}], in the order of the file,
//  "previous","next": cursors to go on from, backwards and forwards,
//  "at_begin","at_end": whether nothing lies before or behind,
//  "shortened"?: true,"undecided"?: lines that the pattern was too costly for,
//  "counting"?: {"bytes","lines"}: the line that was asked for is not found yet, ask again}.
// A call that filters may give fewer lines than there are, or none, with a place to go on. A file
// that is not there is empty. kInvalidArgument: a cursor, limit or pattern that is none. kCorrupt:
// the file is a link or no file.
[[nodiscard]] Result<json::object> log_page(Indexes& indexes, const TaskFolder& task,
                                            const LogPageRequest& request);

struct LogSearchRequest {
  int attempt = 1;
  LogSource source = LogSource::kLog;
  std::string cursor;  // empty: the beginning, or the end when it goes backwards
  bool backwards = false;
  std::size_t limit = 100;
  SearchText text;
  std::set<std::string> levels;
  Duration work = kWorkLimit;
};
// {"attempt","source","size","hits":[an item as above, with "columns":[[begin,end]...] in UTF-16
//    code units of its text and "at"?: the first match's byte in the file], in the order of the
//    file,
//  "next": cursor to go on from, null when all is searched,"searched": up to which byte,
//  "undecided"?}. Errors as of log_page.
[[nodiscard]] Result<json::object> log_search(Indexes& indexes, const TaskFolder& task,
                                              const LogSearchRequest& request);

// One of "items": text and the rest of it cut to kLongestText. number: from 1, if it is known.
[[nodiscard]] json::object log_item(const RawLine& line, LogSource source,
                                    const std::optional<std::uint64_t>& number);

// Bytes of a log, for a line that was cut: {"offset","end","size","text"}; characters stay whole,
// other bytes are shown as \xNN. bytes: at most kMostRangeBytes.
[[nodiscard]] Result<json::object> log_range(const TaskFolder& task, int attempt, LogSource source,
                                             std::uint64_t offset, std::size_t bytes);
// The file itself, to be sent as it is. kNotFound: there is none.
[[nodiscard]] Result<OpenFile> open_log(const TaskFolder& task, int attempt, LogSource source);

}  // namespace cairn
