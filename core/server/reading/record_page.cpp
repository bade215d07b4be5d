#include "core/server/reading/record_page.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/base/text.h"
#include "core/server/reading/line_index.h"
#include "core/server/reading/line_walk.h"
#include "core/server/reading/log_line.h"
#include "core/server/reading/whole_number.h"

namespace cairn {
namespace {

constexpr Duration kCountAside{25};
constexpr Duration kCountForRecord{700};
constexpr std::size_t kLookAtClock = 16;  // records between two looks

bool holds(std::string_view line, std::string_view text) {
  return ::memmem(line.data(), line.size(), text.data(), text.size()) != nullptr;
}

// Whether a member of the line can have this value: false is certain. A number may be written in
// other ways, any letter as an escape (\u0041), and what is none as others.
bool may_have(std::string_view line, std::string_view value) {
  if (value.find_first_not_of("0123456789+-.eE") == std::string_view::npos) return true;
  if (holds(line, value)) return true;
  const bool letters = std::ranges::all_of(value, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.';
  });
  return holds(line, letters ? "\\u" : "\\");
}

bool is_equal(const json::object& record, const std::string& key, const std::string& wanted) {
  const json::value* value = record.if_contains(key);
  if (value == nullptr) return false;
  return value->is_string() ? std::string_view(value->as_string()) == wanted
                            : json::serialize(*value) == wanted || json_text(*value) == wanted;
}

// Which records a request wants.
class RecordFilter {
 public:
  static Result<RecordFilter> make(const RecordPageRequest& request) {
    RecordFilter filter;
    filter.equal_ = request.equal;
    if (request.text) {
      SearchText text = *request.text;
      if (!text.regex && is_valid_utf8(text.text)) {
        // As it stands in a line.
        const std::string quoted = json::serialize(json::string(text.text));
        text.text = quoted.substr(1, quoted.size() - 2);
      }
      CAIRN_ASSIGN(filter.search_, TextSearch::make(text));
    }
    return filter;
  }
  [[nodiscard]] bool takes_all() const { return equal_.empty() && !search_; }
  void want(const std::string& key, const std::string& value) { equal_[key] = value; }

  // False of most lines without parsing them.
  bool may_be(std::string_view line) {
    for (const auto& [key, value] : equal_)
      if (!may_have(line, value)) return false;
    if (!search_) return true;
    if (!search_->may_be_in(line)) return false;
    const auto found = search_->find(is_ascii(line) ? line : readable(line), 1);
    undecided_ += found.undecided ? 1 : 0;
    return !found.ranges.empty();
  }
  [[nodiscard]] bool is(const json::object& record) const {
    return std::ranges::all_of(
        equal_, [&](const auto& member) { return is_equal(record, member.first, member.second); });
  }
  [[nodiscard]] std::uint64_t undecided() const { return undecided_; }

 private:
  std::map<std::string, std::string> equal_;
  std::optional<TextSearch> search_;
  std::uint64_t undecided_ = 0;
};

struct Opened {
  OpenFile file;
  std::shared_ptr<LineIndex> index;
  std::uint64_t from = 0;
};

Result<Opened> open_records(Indexes& indexes, const ContentStore& store,
                            const RecordPageRequest& request) {
  Opened opened;
  CAIRN_ASSIGN(opened.file, open_artifact_file(store, request.place.digest, request.place.file));
  opened.index = indexes.of<LineIndex>(store.path(request.place.digest) / request.place.file,
                                       [] { return std::make_shared<LineIndex>(); });
  if (request.cursor.empty()) return opened;
  const auto offset = number_in<std::uint64_t>(request.cursor);
  if (!offset || *offset > opened.file.size)
    return invalid_argument("'" + printable(request.cursor) + "' is no cursor of this artifact",
                            "take one from \"next\" of a page");
  CAIRN_ASSIGN(opened.from, *offset == opened.file.size
                                ? Result<std::uint64_t>(*offset)
                                : line_begin(opened.file.fd.get(), *offset));
  return opened;
}

class PageOfRecords {
 public:
  PageOfRecords(const Opened& opened, const RecordPageRequest& request, const WorkBudget& budget)
      : opened_(opened), request_(request), budget_(budget) {}

  // Where the first record begins that the filter takes; nothing where the budget ended before.
  Result<std::optional<std::uint64_t>> find(RecordFilter& filter) {
    LinesForward lines(opened_.file.fd.get(), opened_.from, opened_.file.size, kLongestRecord);
    for (std::size_t seen = 1;; ++seen) {
      CAIRN_ASSIGN(const auto line, lines.next());
      if (!line) break;
      searched_ = line->end;
      if (line->head.size() == line->bytes && filter.may_be(line->head)) {
        const auto record = parse_json_object(line->head);
        if (record.ok() && filter.is(*record)) return std::optional(line->offset);
      }
      if (seen % kLookAtClock == 0 && budget_.spent()) return std::optional<std::uint64_t>();
    }
    return not_found("the artifact has no record with the id '" + printable(request_.id) + "'",
                     "ids are compared letter by letter");
  }

  Result<void> gather(std::uint64_t from, RecordFilter& filter) {
    searched_ = from;
    CAIRN_ASSIGN(auto number, opened_.index->lines_before(opened_.file.fd.get(), from));
    LinesForward lines(opened_.file.fd.get(), from, opened_.file.size, kLongestRecord);
    for (std::size_t seen = 1;; ++seen) {
      CAIRN_ASSIGN(const auto line, lines.next());
      if (!line) return {};
      if (!take(*line, number, filter)) {
        stopped_ = true;
        return {};
      }
      searched_ = line->end;
      if (number) ++*number;
      stopped_ = records_.size() >= request_.limit || (seen % kLookAtClock == 0 && budget_.spent());
      if (stopped_) return {};
    }
  }

  [[nodiscard]] json::array take_records() { return std::move(records_); }
  [[nodiscard]] std::uint64_t searched() const { return searched_; }
  [[nodiscard]] bool over() const { return !stopped_ || searched_ >= opened_.file.size; }

 private:
  // False: it does not fit on the page any more.
  bool take(const RawLine& line, const std::optional<std::uint64_t>& number, RecordFilter& filter) {
    if (line.head.size() == line.bytes && trim(line.head).empty()) return true;
    json::object item;
    if (number) item["number"] = *number;
    item["offset"] = line.offset;
    item["end"] = line.end;
    if (line.head.size() < line.bytes) {
      if (!filter.takes_all()) return true;
      item["bytes"] = line.bytes;
      return add(std::move(item));
    }
    if (!filter.may_be(line.head)) return true;
    const auto record = parse_json_object(line.head);
    if (!record.ok()) {
      if (!filter.takes_all()) return true;
      item["error"] = record.error().message;
      return add(std::move(item));
    }
    if (!filter.is(*record)) return true;
    CutRecord cut = cut_record(*record);
    item["record"] = std::move(cut.record);
    if (!cut.cut.empty()) item["cut"] = std::move(cut.cut);
    return add(std::move(item));
  }

  bool add(json::object item) {
    const std::size_t size = json::serialize(item).size() + 1;
    if (!records_.empty() && used_ + size > kMostRecordBytes) return false;
    used_ += size;
    records_.push_back(std::move(item));
    return true;
  }

  const Opened& opened_;
  const RecordPageRequest& request_;
  const WorkBudget& budget_;
  json::array records_;
  std::size_t used_ = 0;
  std::uint64_t searched_ = 0;
  bool stopped_ = false;
};

Result<json::value> lines_of(const Opened& opened) {
  if (opened.file.size == 0) return json::value(0);
  CAIRN_ASSIGN(const auto before,
               opened.index->lines_before(opened.file.fd.get(), opened.file.size));
  if (!before) return json::value();
  char last = 0;
  CAIRN_TRY(read_at(opened.file.fd.get(), opened.file.size - 1, &last, 1));
  return json::value(*before + (last == '\n' ? 0 : 1));
}

Result<void> check(const RecordPageRequest& request) {
  if (request.limit == 0 || request.limit > kMostRecords)
    return invalid_argument("a page of " + std::to_string(request.limit) + " records cannot be had",
                            "ask for 1 to " + std::to_string(kMostRecords));
  if (request.number && (!request.cursor.empty() || !request.id.empty()))
    return invalid_argument("a page begins at a number, at an id or at a cursor",
                            "name one of them");
  return {};
}

}  // namespace

Result<json::object> record_page(Indexes& indexes, const ContentStore& store,
                                 const RecordPageRequest& request) {
  CAIRN_TRY(check(request));
  CAIRN_ASSIGN(RecordFilter filter, RecordFilter::make(request));
  CAIRN_ASSIGN(const Opened opened, open_records(indexes, store, request));
  const int fd = opened.file.fd.get();
  const WorkBudget counting(indexes.clock(), request.number ? kCountForRecord : kCountAside);
  CAIRN_TRY(opened.index->count(fd, opened.file.size, counting,
                                request.number ? *request.number + 1 : ~std::uint64_t{0}));
  indexes.trim();
  json::object document{{"digest", request.place.digest}};
  if (!request.place.file.empty()) document["file"] = request.place.file;
  document["size"] = opened.file.size;
  CAIRN_ASSIGN(document["lines"], lines_of(opened));
  document["records"] = json::array();
  const WorkBudget budget(indexes.clock(), request.work);
  PageOfRecords page(opened, request, budget);
  std::optional<std::uint64_t> from = opened.from;
  if (request.number) {
    CAIRN_ASSIGN(from, opened.index->offset_of(fd, *request.number));
    const auto counted = opened.index->counted();
    if (!from && counted.bytes < opened.file.size) {
      document["counting"] = json::object{{"bytes", counted.bytes}, {"lines", counted.lines}};
      return document;
    }
    if (!from) from = opened.file.size;
  } else if (!request.id.empty()) {
    RecordFilter with_id = RecordFilter::make({}).value();
    with_id.want("id", request.id);
    CAIRN_ASSIGN(from, page.find(with_id));
  }
  if (from) CAIRN_TRY(page.gather(*from, filter));
  document["records"] = page.take_records();
  document["searched"] = page.searched();
  document["next"] =
      from && page.over() ? json::value() : json::value(std::to_string(page.searched()));
  if (filter.undecided() > 0) document["undecided"] = filter.undecided();
  return document;
}

Result<json::object> whole_record(const ContentStore& store, const RecordPlace& place,
                                  std::uint64_t offset) {
  CAIRN_ASSIGN(const OpenFile file, open_artifact_file(store, place.digest, place.file));
  if (offset >= file.size)
    return not_found("the file has " + std::to_string(file.size) + " bytes, no record at " +
                     std::to_string(offset));
  CAIRN_ASSIGN(const std::uint64_t begin, line_begin(file.fd.get(), offset));
  LinesForward lines(file.fd.get(), begin, file.size, kLongestWholeRecord);
  CAIRN_ASSIGN(const auto line, lines.next());
  if (!line || trim(line->head).empty())
    return not_found("there is no record at byte " + std::to_string(offset));
  if (line->head.size() < line->bytes)
    return invalid_argument("the record at byte " + std::to_string(begin) + " has " +
                                format_bytes(line->bytes) + ", more than can be shown",
                            "download the file, or this range of it");
  auto record = parse_json_object(line->head);
  if (!record.ok())
    return invalid_argument(
        "the line at byte " + std::to_string(begin) + " is no record: " + record.error().message,
        "download the file to see it as it is");
  return json::object{{"offset", line->offset}, {"end", line->end}, {"record", std::move(*record)}};
}

}  // namespace cairn
