#include "core/server/reading/log_merge.h"

#include <algorithm>
#include <map>
#include <optional>

#include "core/base/text.h"
#include "core/server/reading/line_walk.h"
#include "core/server/reading/log_match.h"
#include "core/server/reading/whole_number.h"

namespace cairn {
namespace {

constexpr std::size_t kPeek = 4096;       // of a line, to see its time and end
constexpr std::size_t kMostOpen = 64;     // descriptors
constexpr std::size_t kNear = 2 << 10;    // bytes that are looked through line by line
constexpr std::size_t kLookAtClock = 16;  // lines between two looks
constexpr std::size_t kLongestTime = 40;

struct Place {
  std::string time;
  std::string task;
  int attempt = 0;
  std::uint64_t offset = 0;

  [[nodiscard]] std::string text() const {
    return time + " " + task + " " + std::to_string(attempt) + " " + std::to_string(offset);
  }
};

Result<Place> parse_place(const std::string& cursor) {
  const auto parts = split(cursor, ' ');
  const auto attempt = parts.size() == 4 ? number_in<int>(parts[2]) : std::nullopt;
  const auto offset = parts.size() == 4 ? number_in<std::uint64_t>(parts[3]) : std::nullopt;
  if (!attempt || !offset || parts[0].size() > kLongestTime)
    return invalid_argument("'" + printable(cursor) + "' is no cursor of merged logs",
                            "take one from \"previous\" or \"next\" of a page");
  return Place{std::string(parts[0]), std::string(parts[1]), *attempt, *offset};
}

struct Span {
  std::uint64_t offset = 0;
  std::uint64_t end = 0;
};

// The log of one attempt, and the line of it that comes next.
struct Stream {
  TaskFolder folder;
  std::string task;
  int attempt = 0;
  std::string name;
  std::uint64_t at = 0;    // forwards: lines from here on; backwards: those before it
  std::uint64_t size = 0;  // of its whole lines
  Span next;
  std::string time;  // of the next line; of the one before it where it has none
  bool over = false;
};

class Merge {
 public:
  Merge(const MergedLogRequest& request, const LineMatcher& matcher, const WorkBudget& budget)
      : request_(request), matcher_(matcher), budget_(budget) {}

  // Finds the logs and the place in each of them.
  Result<void> open() {
    std::optional<Place> from;
    if (!request_.cursor.empty()) {
      CAIRN_ASSIGN(from, parse_place(request_.cursor));
    }
    for (const TaskPlace& task :
         find_tasks(request_.run_folder, request_.stages, request_.choice)) {
      for (const int attempt : attempts_of(task)) {
        if (streams_.size() == kMostMerged) {
          ++left_out_;
          continue;
        }
        Stream stream;
        stream.folder = task.folder;
        stream.task = task.name;
        stream.attempt = attempt;
        stream.name = TaskFolder{}.attempt(attempt).log().generic_string();
        streams_.push_back(std::move(stream));
      }
    }
    const auto cursor_at =
        static_cast<std::size_t>(std::ranges::find_if(streams_,
                                                      [&](const Stream& stream) {
                                                        return from && stream.task == from->task &&
                                                               stream.attempt == from->attempt;
                                                      }) -
                                 streams_.begin());
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      CAIRN_ASSIGN(const int fd, fd_of(i));
      if (fd < 0) {
        streams_[i].over = true;
        continue;
      }
      CAIRN_TRY(begin(streams_[i], fd, from, i < cursor_at));
      CAIRN_TRY(look(streams_[i], fd));
    }
    return {};
  }

  Result<void> gather() {
    for (std::size_t seen = 1; Stream* stream = first(); ++seen) {
      CAIRN_ASSIGN(const int fd, fd_of(static_cast<std::size_t>(stream - streams_.data())));
      if (fd < 0) {
        stream->over = true;
        continue;
      }
      LinesForward lines(fd, stream->next.offset, stream->next.end);
      CAIRN_ASSIGN(const auto line, lines.next());
      if (!line || !line->whole) {
        stream->over = true;  // became shorter meanwhile
        continue;
      }
      Foresight foresight;
      CAIRN_ASSIGN(
          const LineMatch match,
          matcher_.match(fd, *line, kLongestText, WorkBudget(budget_.clock(), kLong), foresight));
      undecided_ += match.undecided ? 1 : 0;
      const Place place{stream->time, stream->task, stream->attempt, stream->next.offset};
      if (match.wanted && !add(*line, place, match)) return {};
      if (!first_) first_ = place;
      last_ = place;
      stream->at = request_.backwards ? stream->next.offset : stream->next.end;
      CAIRN_TRY(look(*stream, fd));
      if (items_.size() >= request_.limit) return {};
      if (seen % kLookAtClock == 0 && budget_.spent()) return {};
    }
    return {};
  }

  json::object document() {
    if (request_.backwards) {
      std::reverse(items_.begin(), items_.end());
      std::swap(first_, last_);
    }
    const auto cursor = [&](const std::optional<Place>& place) {
      return place ? place->text() : request_.cursor;
    };
    const bool all = first() == nullptr;
    json::array items;
    for (json::object& item : items_) items.push_back(std::move(item));
    json::object document{{"items", std::move(items)},
                          {"previous", cursor(first_)},
                          {"next", cursor(last_)},
                          {"at_begin", request_.backwards ? all : request_.cursor.empty()},
                          {"at_end", request_.backwards ? request_.cursor.empty() : all}};
    if (undecided_ > 0) document["undecided"] = undecided_;
    if (left_out_ > 0) document["left_out"] = left_out_;
    return document;
  }

 private:
  static constexpr Duration kLong{std::chrono::hours(1)};

  // -1: there is no such file.
  Result<int> fd_of(std::size_t number) {
    if (const auto found = open_.find(number); found != open_.end()) return found->second.get();
    Stream& stream = streams_[number];
    auto file = open_task_file(stream.folder, stream.name);
    if (!file.ok() && file.error().code == ErrorCode::kNotFound) return -1;
    if (!file.ok() && file.error().code == ErrorCode::kCorrupt) {
      ++left_out_;  // a link: the other logs can be read all the same
      return -1;
    }
    if (!file.ok()) return std::move(file).error();
    if (stream.size == 0) {
      stream.size = file->size;
      char last = '\n';
      if (file->size > 0) CAIRN_TRY(read_at(file->fd.get(), file->size - 1, &last, 1));
      if (last != '\n') {
        CAIRN_ASSIGN(stream.size, line_begin(file->fd.get(), file->size));
      }
    }
    if (open_.size() >= kMostOpen) open_.clear();
    return open_.emplace(number, std::move(file->fd)).first->second.get();
  }

  // Where the stream is entered: records are ordered by time, task and attempt.
  // before: whether this one comes before that of the cursor.
  Result<void> begin(Stream& stream, int fd, const std::optional<Place>& from, bool before) const {
    stream.at = request_.backwards && !from ? stream.size : 0;
    if (!from) return {};
    if (stream.task == from->task && stream.attempt == from->attempt) {
      CAIRN_ASSIGN(stream.at, line_begin(fd, std::min(from->offset, stream.size)));
      if (request_.backwards || stream.at >= stream.size) return {};
      CAIRN_ASSIGN(const Span passed, line_at(fd, stream.at, stream.size));
      stream.at = passed.end;
      return {};
    }
    CAIRN_ASSIGN(stream.at, first_from(fd, stream.size, from->time, before));
    return {};
  }

  // A line within the whole ones.
  static Result<Span> line_at(int fd, std::uint64_t offset, std::uint64_t size) {
    for (std::uint64_t at = offset; at < size; at += kPeek) {
      CAIRN_ASSIGN(const std::string bytes,
                   read_range(fd, at, std::min<std::uint64_t>(kPeek, size - at)));
      const std::size_t end = bytes.find('\n');
      if (end != std::string::npos) return Span{offset, at + end + 1};
      if (bytes.empty()) break;
    }
    return Span{offset, size};
  }

  static Result<std::string> time_at(int fd, const Span& line) {
    CAIRN_ASSIGN(const std::string head,
                 read_range(fd, line.offset, std::min<std::uint64_t>(128, line.end - line.offset)));
    const std::string_view time = time_of(head);
    return std::string(time.size() > kLongestTime ? std::string_view() : time);
  }

  // The first line that is of this time or later; later: only those that are later.
  static Result<std::uint64_t> first_from(int fd, std::uint64_t size, const std::string& time,
                                          bool later) {
    const auto lies_before = [&](const std::string& own) {
      return own.empty() || own < time || (later && own == time);
    };
    std::uint64_t low = 0;  // a line begins here, and none before it is wanted
    std::uint64_t high = size;
    while (high - low > kNear) {
      const std::uint64_t middle = low + (high - low) / 2;
      CAIRN_ASSIGN(const Span around, line_at(fd, middle, high));
      std::string own;
      std::uint64_t at = around.end;
      for (int tries = 0; tries < 16 && own.empty() && at < high; ++tries) {
        CAIRN_ASSIGN(const Span line, line_at(fd, at, high));
        CAIRN_ASSIGN(own, time_at(fd, line));
        if (own.empty()) at = line.end;
      }
      if (!own.empty() && lies_before(own)) {
        low = at;
      } else {
        high = middle;
      }
    }
    while (low < size) {
      CAIRN_ASSIGN(const Span line, line_at(fd, low, size));
      CAIRN_ASSIGN(const std::string own, time_at(fd, line));
      if (!lies_before(own)) break;
      low = line.end;
    }
    return low;
  }

  // Finds the next line of a stream.
  Result<void> look(Stream& stream, int fd) const {
    if (request_.backwards) {
      stream.over = stream.at == 0;
      if (stream.over) return {};
      CAIRN_ASSIGN(stream.next.offset, line_begin_near(fd, stream.at - 1));
      stream.next.end = stream.at;
    } else {
      stream.over = stream.at >= stream.size;
      if (stream.over) return {};
      CAIRN_ASSIGN(stream.next, line_at(fd, stream.at, stream.size));
    }
    CAIRN_ASSIGN(std::string time, time_at(fd, stream.next));
    if (!time.empty()) stream.time = std::move(time);
    return {};
  }

  static Result<std::uint64_t> line_begin_near(int fd, std::uint64_t offset) {
    const std::uint64_t from = offset > kPeek ? offset - kPeek : 0;
    CAIRN_ASSIGN(const std::string bytes,
                 read_range(fd, from, static_cast<std::size_t>(offset - from)));
    const std::size_t end = bytes.rfind('\n');
    if (end != std::string::npos) return from + end + 1;
    return line_begin(fd, from);
  }

  // The stream whose line comes next; null at the end.
  Stream* first() {
    Stream* best = nullptr;
    for (Stream& stream : streams_) {
      if (stream.over) continue;
      if (best == nullptr ||
          (request_.backwards ? stream.time >= best->time : stream.time < best->time))
        best = &stream;
    }
    return best;
  }

  // False: it does not fit any more.
  bool add(const RawLine& line, const Place& place, const LineMatch& match) {
    json::object item{{"task", place.task}, {"attempt", place.attempt}, {"place", place.text()}};
    for (auto& [key, value] : log_item(line, LogSource::kLog, std::nullopt))
      item[key] = std::move(value);
    if (request_.searches) {
      json::array columns;
      for (const auto& [from, to] : match.columns) columns.push_back(json::array{from, to});
      item["columns"] = std::move(columns);
    }
    const std::size_t size = json::serialize(item).size() + 1;
    if (!items_.empty() && used_ + size > kMostPageBytes - kPeek) return false;
    used_ += size;
    items_.push_back(std::move(item));
    return true;
  }

  const MergedLogRequest& request_;
  const LineMatcher& matcher_;
  const WorkBudget& budget_;
  std::vector<Stream> streams_;
  std::map<std::size_t, Fd> open_;
  std::vector<json::object> items_;
  std::size_t used_ = 0;
  std::optional<Place> first_;
  std::optional<Place> last_;
  std::uint64_t undecided_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace

Result<json::object> merged_log_page(const Clock& clock, const MergedLogRequest& request) {
  if (request.limit == 0 || request.limit > kMostLines)
    return invalid_argument("a page of " + std::to_string(request.limit) + " lines cannot be had",
                            "ask for 1 to " + std::to_string(kMostLines));
  CAIRN_ASSIGN(const LineMatcher matcher,
               LineMatcher::make(LogSource::kLog, request.filter.levels, request.filter.text));
  const WorkBudget budget(clock, request.work);
  Merge merge(request, matcher, budget);
  CAIRN_TRY(merge.open());
  CAIRN_TRY(merge.gather());
  return merge.document();
}

}  // namespace cairn
