#include <boost/json/serialize.hpp>
#include <functional>

#include "core/server/reading/rollouts/body_head.h"
#include "core/server/reading/rollouts/rollout_filter.h"

namespace cairn::reading {
namespace {

constexpr std::size_t kLongestNeedle = 1000;               // bytes
constexpr std::uint64_t kWindow = std::uint64_t{1} << 20;  // of bodies read at once
constexpr std::size_t kWindowRows = 4096;
constexpr std::size_t kContext = 80;  // bytes on either side of a hit

struct Hit {
  const char* where = "response";
  std::optional<std::size_t> turn;
  std::size_t offset = 0;
  std::string_view text;
};

class Needle {
 public:
  explicit Needle(const std::string& text) : text_(text) {
    const std::string quoted = json::serialize(json::value(text));
    spelled_ = quoted.substr(1, quoted.size() - 2);
  }

  // Whether the line can hold it: as Cairn spells it, or spelled with escapes that Cairn does not
  // use.
  [[nodiscard]] bool may_be_in(std::string_view line) const {
    return line.find(spelled_) != std::string_view::npos ||
           line.find("\\u") != std::string_view::npos || line.find("\\/") != std::string_view::npos;
  }

  [[nodiscard]] std::optional<Hit> find_in(const json::object& line) const {
    if (auto hit = look(line, "response", std::nullopt)) return hit;
    const auto* turns = line.if_contains("turns");
    if (turns == nullptr || !turns->is_array()) return std::nullopt;
    for (std::size_t i = 0; i < turns->as_array().size(); ++i) {
      const auto* turn = turns->as_array()[i].if_object();
      if (turn == nullptr) continue;
      if (auto hit = look(*turn, "memory", i)) return hit;
      if (auto hit = look(*turn, "plan", i)) return hit;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::optional<Hit> look(const json::object& object, const char* member,
                                        std::optional<std::size_t> turn) const {
    const auto* value = object.if_contains(member);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    const std::string_view text = value->as_string();
    const std::size_t at = text.find(text_);
    if (at == std::string_view::npos) return std::nullopt;
    return Hit{member, turn, at, text};
  }
  std::string text_;
  std::string spelled_;
};

void show(const Hit& hit, std::size_t needle, json::object& object) {
  const std::size_t begin =
      code_point_before(hit.text, hit.offset > kContext ? hit.offset - kContext : 0);
  const std::size_t end = code_point_before(hit.text, hit.offset + needle + kContext);
  object["where"] = hit.where;
  object["turn"] = hit.turn ? json::value(*hit.turn) : json::value(nullptr);
  object["offset"] = hit.offset;
  object["excerpt"] = hit.text.substr(begin, end - begin);
  object["excerpt_at"] = begin;
}

class Search {
 public:
  Search(const RolloutView& view, const RolloutSearch& search, const Clock& clock)
      : view_(view),
        search_(search),
        clock_(clock),
        filter_(search.filter, view),
        needle_(search.text),
        until_(clock.monotonic() + search.budget) {}

  // From a row on; at least one window is looked at, however small the budget.
  Result<void> run(std::uint64_t from) {
    const auto [first, last] = filter_.rows();
    next_ = std::max(first, from);
    while (next_ < last && !enough_) {
      CAIRN_TRY(look_at_window(last));
      if (clock_.monotonic() >= until_) break;
    }
    ended_ = next_ >= last;
    return {};
  }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::uint64_t next() const { return next_; }
  [[nodiscard]] json::array take() { return std::move(hits_); }

 private:
  // Rows that lie together, up to the window's size; one in any case.
  Result<void> look_at_window(std::uint64_t last) {
    std::vector<RolloutRow> rows;
    std::uint64_t bytes = 0;
    const std::uint64_t first = next_;
    CAIRN_TRY(view_.scan(first, last, [&](std::uint64_t, const RolloutRow& row) {
      const bool room = rows.empty() || (bytes + row.body_bytes <= kWindow &&
                                         rows.size() < kWindowRows && filter_.takes(row));
      if (!room) return false;
      rows.push_back(row);
      bytes += row.body_bytes;
      return true;
    }));
    if (rows.size() == 1 && !filter_.takes(rows.front())) return skip(last);
    CAIRN_ASSIGN(const auto lines, view_.bodies(first, rows));
    for (std::size_t i = 0; i < rows.size() && !enough_; ++i, ++next_) {
      if (needle_.may_be_in(lines[i])) CAIRN_TRY(confirm(next_, rows[i], lines[i]));
      enough_ = hits_.size() == search_.limit;
    }
    return {};
  }

  // To the next row that the filter takes.
  Result<void> skip(std::uint64_t last) {
    bool found = false;
    CAIRN_TRY(view_.scan(next_, last, [&](std::uint64_t number, const RolloutRow& row) {
      found = filter_.takes(row);
      next_ = found ? number : number + 1;
      return !found;
    }));
    return {};
  }

  Result<void> confirm(std::uint64_t number, const RolloutRow& row, const std::string& line) {
    CAIRN_ASSIGN(const json::object members, parse_json_object(line));
    const auto hit = needle_.find_in(members);
    if (!hit) return {};
    json::object object = row_json(view_, number, row);
    show(*hit, search_.text.size(), object);
    hits_.push_back(std::move(object));
    return {};
  }

  const RolloutView& view_;
  const RolloutSearch& search_;
  const Clock& clock_;
  RowFilter filter_;
  Needle needle_;
  Duration until_;
  std::uint64_t next_ = 0;
  bool enough_ = false;
  bool ended_ = false;
  json::array hits_;
};

}  // namespace

Result<json::object> rollout_search(const Rollouts& rollouts, const RolloutSearch& search,
                                    const Clock& clock) {
  const RolloutView& view = *rollouts;
  if (search.text.empty() || search.text.size() > kLongestNeedle)
    return invalid_argument(
        "the text to search for has " + std::to_string(search.text.size()) + " bytes",
        "give 1 to " + std::to_string(kLongestNeedle));
  if (search.limit == 0 || search.limit > kMostRollouts)
    return invalid_argument("limit is " + std::to_string(search.limit),
                            "give 1 to " + std::to_string(kMostRollouts) + " hits");
  const json::object query{
      {"list", "search"}, {"filter", to_json(search.filter)}, {"text", search.text}};
  RowCursor cursor;
  if (!search.cursor.empty()) {
    CAIRN_ASSIGN(cursor, read_cursor(search.cursor, query));
  }
  Search run(view, search, clock);
  CAIRN_TRY(run.run(cursor.row));
  json::object answer{{"hits", run.take()}};
  answer["next_cursor"] =
      run.ended() ? json::value(nullptr) : json::value(write_cursor({0, run.next()}, query));
  answer["searched"] = run.next();
  answer["total"] = view.size();
  return answer;
}

}  // namespace cairn::reading
