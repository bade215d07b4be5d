#include "core/server/reading/log_page.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/server/reading/line_files.h"
#include "core/server/reading/line_index.h"
#include "core/server/reading/log_match.h"

namespace cairn {
namespace {

constexpr Duration kCountAside{25};     // counting that nobody waits for
constexpr Duration kCountForLine{700};  // counting up to the line that was asked for
constexpr std::size_t kHeader = 1024;   // bytes of an answer without its lines, at most
constexpr Duration kNoLimit{std::chrono::hours(1)};
constexpr std::size_t kLookAtClock = 64;  // lines between two looks

std::string log_name(int attempt, LogSource source) {
  const AttemptFolder files = TaskFolder{}.attempt(attempt);
  return (source == LogSource::kLog ? files.log() : files.output_log()).generic_string();
}

std::string cursor_of(int attempt, std::uint64_t offset) {
  return std::to_string(attempt) + ":" + std::to_string(offset);
}

Result<void> check_limit(std::size_t limit) {
  if (limit >= 1 && limit <= kMostLines) return {};
  return invalid_argument("a page of " + std::to_string(limit) + " lines cannot be had",
                          "ask for 1 to " + std::to_string(kMostLines));
}

// An open log, and where in it to begin.
struct Opened {
  int attempt = 1;
  OpenFile file;
  std::shared_ptr<LineIndex> index;
  std::uint64_t from = 0;
  bool shortened = false;
};

Result<Opened> open_at(Indexes& indexes, const TaskFolder& task, int attempt, LogSource source,
                       const std::string& cursor, bool backwards) {
  Opened opened;
  opened.attempt = attempt;
  Cursor place;
  if (!cursor.empty()) {
    CAIRN_ASSIGN(place, parse_cursor(cursor));
    if (place.attempt == 0 || place.attempt > 1'000'000'000)
      return invalid_argument("'" + printable(cursor) + "' names no attempt");
    opened.attempt = static_cast<int>(place.attempt);
  }
  const std::string name = log_name(opened.attempt, source);
  auto file = open_task_file(task, name);
  if (!file.ok() && file.error().code != ErrorCode::kNotFound) return std::move(file).error();
  if (file.ok()) opened.file = std::move(*file);
  opened.index =
      indexes.of<LineIndex>(task.root / name, [] { return std::make_shared<LineIndex>(); });
  const std::uint64_t size = opened.file.size;
  opened.shortened = !cursor.empty() && place.offset > size;
  opened.from = !cursor.empty() ? std::min(place.offset, size) : backwards ? size : 0;
  return opened;
}

// Gathers lines from a place on until the page is full.
class Gatherer {
 public:
  // searches: a search says where in its line each one was found, is done with a last line without
  // an end, and may stop within a long one.
  Gatherer(Opened& opened, LogSource source, const LineMatcher& matcher, const WorkBudget& budget,
           std::size_t limit, std::size_t bytes, bool searches)
      : opened_(opened),
        source_(source),
        matcher_(matcher),
        budget_(budget),
        limit_(limit),
        bytes_(std::min(bytes, kMostPageBytes - kHeader)),
        searches_(searches) {}

  Result<void> gather(bool backwards) {
    const int fd = opened_.file.fd.get();
    begin_ = end_ = opened_.from;
    if (opened_.file.size == 0) return {};
    CAIRN_ASSIGN(const auto before, opened_.index->lines_before(fd, opened_.from));
    LinesForward forward(fd, opened_.from, opened_.file.size);
    LinesBackward backward(fd, opened_.from);
    const WorkBudget whole_lines(budget_.clock(), kNoLimit);
    const WorkBudget& within_line = searches_ && !backwards ? budget_ : whole_lines;
    Foresight foresight;
    std::uint64_t passed = 0;  // line ends between the place and this line
    for (std::size_t seen = 1;; ++seen) {
      CAIRN_ASSIGN(const auto line, backwards ? backward.next() : forward.next());
      if (!line) break;
      if (backwards) foresight = {};
      std::optional<std::uint64_t> number;
      if (before && !backwards) number = *before + ++passed;
      if (before && backwards) number = *before + 1 - (line->whole ? ++passed : passed);
      CAIRN_ASSIGN(const LineMatch match,
                   matcher_.match(fd, *line, kLongestText, within_line, foresight));
      undecided_ += match.undecided ? 1 : 0;
      if (match.wanted) {
        CAIRN_ASSIGN(const bool added, add(*line, number, match));
        if (!added) break;
      }
      begin_ = std::min(begin_, line->offset);
      // A line without an end is given again when there is more of it.
      if (!backwards) end_ = line->whole || searches_ ? line->end : line->offset;
      if (match.stopped_at) {
        end_ = *match.stopped_at;
        stopped_ = true;
        break;
      }
      if (items_.size() >= limit_) {
        stopped_ = true;
        break;
      }
      if (seen % kLookAtClock == 0 && !matcher_.takes_all() && budget_.spent()) {
        stopped_ = true;
        break;
      }
    }
    if (backwards) std::reverse(items_.begin(), items_.end());
    return {};
  }

  [[nodiscard]] json::array take_items() {
    json::array list;
    for (json::object& item : items_) list.push_back(std::move(item));
    return list;
  }
  [[nodiscard]] std::uint64_t begin() const { return begin_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] std::uint64_t undecided() const { return undecided_; }
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  // False: it did not fit any more.
  Result<bool> add(const RawLine& line, const std::optional<std::uint64_t>& number,
                   const LineMatch& match) {
    CAIRN_ASSIGN(const std::uint64_t begin, begin_of(line));
    json::object item;
    if (begin == line.offset) {
      item = log_item(line, source_, number);
    } else {
      LinesForward again(opened_.file.fd.get(), begin, opened_.file.size);
      CAIRN_ASSIGN(const auto all, again.next());
      if (!all) return false;
      item = log_item(*all, source_, number);
    }
    if (searches_) {
      json::array columns;
      if (begin == line.offset)
        for (const auto& [first, last] : match.columns) columns.push_back(json::array{first, last});
      item["columns"] = std::move(columns);
      if (match.at) item["at"] = *match.at;
    }
    const std::size_t size = json::serialize(item).size() + 1;
    if (!items_.empty() && used_ + size > bytes_) {
      stopped_ = true;
      return false;
    }
    used_ += size;
    items_.push_back(std::move(item));
    return true;
  }

  // A search may go on within a line.
  Result<std::uint64_t> begin_of(const RawLine& line) const {
    if (!searches_ || line.offset != opened_.from) return line.offset;
    return line_begin(opened_.file.fd.get(), line.offset);
  }

  Opened& opened_;
  LogSource source_;
  const LineMatcher& matcher_;
  const WorkBudget& budget_;
  std::size_t limit_;
  std::size_t bytes_;
  bool searches_;
  std::vector<json::object> items_;
  std::size_t used_ = 0;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t undecided_ = 0;
  bool stopped_ = false;
};

json::object header_of(const Opened& opened, LogSource source) {
  return {{"attempt", opened.attempt}, {"source", to_string(source)}, {"size", opened.file.size}};
}

// Null while they are counted. A line without an end is one, too.
Result<json::value> lines_of(const Opened& opened) {
  const auto counted = opened.index->counted();
  const std::uint64_t size = opened.file.size;
  if (size == 0) return json::value(0);
  if (counted.bytes < size) return json::value();
  CAIRN_ASSIGN(const auto before, opened.index->lines_before(opened.file.fd.get(), size));
  if (!before) return json::value();
  char last = 0;
  CAIRN_TRY(read_at(opened.file.fd.get(), size - 1, &last, 1));
  return json::value(*before + (last == '\n' ? 0 : 1));
}

}  // namespace

json::object log_item(const RawLine& line, LogSource source,
                      const std::optional<std::uint64_t>& number) {
  const LogLine read = read_log_line(line, source, kLongestText);
  json::object item;
  if (number) item["line"] = *number;
  item["offset"] = line.offset;
  item["end"] = line.end;
  if (!read.time.empty()) item["time"] = read.time;
  if (!read.level.empty()) item["level"] = read.level;
  item["text"] = read.text;
  if (read.cut) item["cut"] = *read.cut;
  if (!line.whole) item["partial"] = true;
  return item;
}

Result<json::object> log_page(Indexes& indexes, const TaskFolder& task,
                              const LogPageRequest& request) {
  CAIRN_TRY(check_limit(request.limit));
  if (request.bytes == 0 || request.bytes > kMostPageBytes)
    return invalid_argument("a page of " + std::to_string(request.bytes) + " bytes cannot be had",
                            "ask for 1 to " + std::to_string(kMostPageBytes));
  if (request.line && (*request.line == 0 || !request.cursor.empty()))
    return invalid_argument("a page begins at a line, from 1, or at a cursor", "name one of them");
  CAIRN_ASSIGN(const LineMatcher matcher,
               LineMatcher::make(request.source, request.filter.levels, request.filter.text));
  CAIRN_ASSIGN(Opened opened, open_at(indexes, task, request.attempt, request.source,
                                      request.cursor, request.backwards));
  const int fd = opened.file.fd.get();
  const std::uint64_t size = opened.file.size;
  json::object document = header_of(opened, request.source);
  if (size > 0) {
    const WorkBudget counting(indexes.clock(), request.line ? kCountForLine : kCountAside);
    CAIRN_TRY(opened.index->count(fd, size, counting, request.line.value_or(~std::uint64_t{0})));
    indexes.trim();
  }
  if (request.line && size > 0) {
    CAIRN_ASSIGN(const auto offset, opened.index->offset_of(fd, *request.line - 1));
    const auto counted = opened.index->counted();
    if (!offset && counted.bytes < size) {
      document["lines"] = nullptr;
      document["items"] = json::array();
      document["counting"] = json::object{{"bytes", counted.bytes}, {"lines", counted.lines}};
      return document;
    }
    opened.from = offset.value_or(size);
  } else if (size > 0 && opened.from > 0 && opened.from < size) {
    CAIRN_ASSIGN(opened.from, line_begin(fd, opened.from));
  }
  const WorkBudget budget(indexes.clock(), request.work);
  Gatherer gatherer(opened, request.source, matcher, budget, request.limit, request.bytes, false);
  CAIRN_TRY(gatherer.gather(request.backwards));
  CAIRN_ASSIGN(document["lines"], lines_of(opened));
  document["items"] = gatherer.take_items();
  document["previous"] = cursor_of(opened.attempt, gatherer.begin());
  document["next"] = cursor_of(opened.attempt, gatherer.end());
  document["at_begin"] = gatherer.begin() == 0;
  document["at_end"] = gatherer.end() >= size || (!request.backwards && !gatherer.stopped());
  if (opened.shortened) document["shortened"] = true;
  if (gatherer.undecided() > 0) document["undecided"] = gatherer.undecided();
  return document;
}

Result<json::object> log_search(Indexes& indexes, const TaskFolder& task,
                                const LogSearchRequest& request) {
  CAIRN_TRY(check_limit(request.limit));
  CAIRN_ASSIGN(const LineMatcher matcher,
               LineMatcher::make(request.source, request.levels, request.text));
  CAIRN_ASSIGN(Opened opened, open_at(indexes, task, request.attempt, request.source,
                                      request.cursor, request.backwards));
  const std::uint64_t size = opened.file.size;
  if (size > 0) {
    const WorkBudget counting(indexes.clock(), kCountAside);
    CAIRN_TRY(opened.index->count(opened.file.fd.get(), size, counting));
    indexes.trim();
  }
  const WorkBudget budget(indexes.clock(), request.work);
  Gatherer gatherer(opened, request.source, matcher, budget, request.limit, kMostPageBytes, true);
  CAIRN_TRY(gatherer.gather(request.backwards));
  json::object document = header_of(opened, request.source);
  document["hits"] = gatherer.take_items();
  const std::uint64_t place = request.backwards ? gatherer.begin() : gatherer.end();
  document["searched"] = place;
  const bool over = request.backwards ? place == 0 : place >= size || !gatherer.stopped();
  document["next"] = over ? json::value() : json::value(cursor_of(opened.attempt, place));
  if (opened.shortened) document["shortened"] = true;
  if (gatherer.undecided() > 0) document["undecided"] = gatherer.undecided();
  return document;
}

Result<json::object> log_range(const TaskFolder& task, int attempt, LogSource source,
                               std::uint64_t offset, std::size_t bytes) {
  if (bytes == 0 || bytes > kMostRangeBytes)
    return invalid_argument(std::to_string(bytes) + " bytes of a log cannot be had at once",
                            "ask for 1 to " + std::to_string(kMostRangeBytes));
  CAIRN_ASSIGN(const OpenFile file, open_log(task, attempt, source));
  if (offset > file.size)
    return invalid_argument("the log has " + std::to_string(file.size) + " bytes, none at " +
                            std::to_string(offset));
  CAIRN_ASSIGN(std::string piece, read_range(file.fd.get(), offset, bytes));
  // A character that the range's end cuts in two comes whole with the next range.
  const bool more = offset + piece.size() < file.size;
  for (std::size_t back = 0; more && back < 3 && piece.size() > 1 && !is_valid_utf8(piece);
       ++back) {
    const auto last = static_cast<unsigned char>(piece.back());
    if (last < 0x80) break;
    piece.pop_back();
    if (last >= 0xc0) break;
  }
  return json::object{{"offset", offset},
                      {"end", offset + piece.size()},
                      {"size", file.size},
                      {"text", readable(piece)}};
}

Result<OpenFile> open_log(const TaskFolder& task, int attempt, LogSource source) {
  return open_task_file(task, log_name(attempt, source));
}

}  // namespace cairn
