#include <algorithm>
#include <cmath>
#include <limits>

#include "core/server/reading/rollouts/body_head.h"
#include "core/server/reading/rollouts/rollout_filter.h"

namespace cairn::reading {
namespace {

constexpr std::size_t kHeadBytes = 4096;  // of a line, where answer and response begin
constexpr std::size_t kPreviewBytes = 240;

struct Candidate {
  double key = 0;
  std::uint64_t number = 0;
  RolloutRow row;

  bool operator<(const Candidate& other) const {
    return key != other.key ? key < other.key : number < other.number;
  }
};

const char* name_of(RolloutSort sort) {
  switch (sort) {
    case RolloutSort::kStep:
      return "step";
    case RolloutSort::kReward:
      return "reward";
    case RolloutSort::kAdvantage:
      return "advantage";
    case RolloutSort::kTokens:
      return "tokens";
    case RolloutSort::kEntropy:
      return "entropy";
    case RolloutSort::kMade:
      return "made";
    case RolloutSort::kError:
      return "error";
  }
  return "";
}

// Smaller comes first; what is no number comes last in either direction.
double key_of(std::uint64_t number, const RolloutRow& row, RolloutSort sort, bool descending) {
  double value = 0;
  switch (sort) {
    case RolloutSort::kStep:
      value = static_cast<double>(row.step);
      break;
    case RolloutSort::kReward:
      value = row.reward;
      break;
    case RolloutSort::kAdvantage:
      value = row.advantage;
      break;
    case RolloutSort::kTokens:
      value = row.tokens;
      break;
    case RolloutSort::kEntropy:
      value = row.entropy;
      break;
    case RolloutSort::kMade:
      value = static_cast<double>(number);
      break;
    case RolloutSort::kError:
      value =
          (row.has(RolloutRow::kUnanswered) ? 2 : 0) + (row.has(RolloutRow::kTruncated) ? 1 : 0);
      break;
  }
  if (std::isnan(value)) return std::numeric_limits<double>::infinity();
  return descending ? -value : value;
}

// The first candidates behind the cursor, in order; one more than the page holds when there are
// more.
class Selection {
 public:
  Selection(const RolloutPage& page, const RowFilter& filter, std::optional<RowCursor> cursor)
      : page_(page), filter_(filter), room_(page.limit + 1) {
    if (cursor) after_ = Candidate{cursor->key, cursor->row, {}};
  }
  void offer(std::uint64_t number, const RolloutRow& row) {
    if (!filter_.takes(row)) return;
    const Candidate candidate{key_of(number, row, page_.sort, page_.descending), number, row};
    if (after_ && !(*after_ < candidate)) return;
    if (best_.size() == room_) {
      if (!(candidate < best_.front())) return;
      std::pop_heap(best_.begin(), best_.end());
      best_.pop_back();
    }
    best_.push_back(candidate);
    std::push_heap(best_.begin(), best_.end());
  }
  [[nodiscard]] bool full() const { return best_.size() == room_; }
  [[nodiscard]] std::vector<Candidate> take() {
    std::sort(best_.begin(), best_.end());
    return std::move(best_);
  }

 private:
  const RolloutPage& page_;
  const RowFilter& filter_;
  std::size_t room_;
  std::optional<Candidate> after_;
  std::vector<Candidate> best_;  // a heap, the last one in front
};

// In the order of steps only as many rows are read as the page needs.
Result<void> select_by_step(const RolloutView& view, const RowFilter& filter, bool descending,
                            const std::optional<RowCursor>& cursor, Selection& selection) {
  auto [first, last] = filter.rows();
  const auto each = [&](std::uint64_t number, const RolloutRow& row) {
    selection.offer(number, row);
    return !selection.full();
  };
  if (!descending) {
    if (cursor) first = std::max(first, std::min(cursor->row, last));
    return view.scan(first, last, each);
  }
  for (auto step = view.steps().rbegin(); step != view.steps().rend(); ++step) {
    const std::uint64_t begin = std::max(step->first, first);
    const std::uint64_t end = std::min(step->first + step->count, last);
    if (begin >= end) continue;
    if (cursor && static_cast<double>(step->step) > -cursor->key) continue;
    CAIRN_TRY(view.scan(begin, end, each));
    if (selection.full()) return {};
  }
  return {};
}

Result<json::object> shown(const RolloutView& view, const Candidate& candidate) {
  json::object object = row_json(view, candidate.number, candidate.row);
  CAIRN_ASSIGN(const std::string head, view.body_head(candidate.number, candidate.row, kHeadBytes));
  for (const auto& [name, key] : {std::pair{"answer", "answer"}, {"preview", "response"}}) {
    const auto text = text_member(head, key, kPreviewBytes);
    object[name] = text ? json::value(*text) : json::value(nullptr);
  }
  return object;
}

}  // namespace

Result<json::object> rollout_page(const Rollouts& rollouts, const RolloutPage& page) {
  const RolloutView& view = *rollouts;
  if (page.limit == 0 || page.limit > kMostRollouts)
    return invalid_argument("limit is " + std::to_string(page.limit),
                            "a page has 1 to " + std::to_string(kMostRollouts) + " rollouts");
  const json::object query{{"list", "page"},
                           {"filter", to_json(page.filter)},
                           {"sort", name_of(page.sort)},
                           {"descending", page.descending}};
  std::optional<RowCursor> cursor;
  if (!page.cursor.empty()) {
    CAIRN_ASSIGN(cursor, read_cursor(page.cursor, query));
  }
  const RowFilter filter(page.filter, view);
  Selection selection(page, filter, cursor);
  if (page.sort == RolloutSort::kStep) {
    CAIRN_TRY(select_by_step(view, filter, page.descending, cursor, selection));
  } else {
    const auto [first, last] = filter.rows();
    CAIRN_TRY(view.scan(first, last, [&](std::uint64_t number, const RolloutRow& row) {
      selection.offer(number, row);
      return true;
    }));
  }
  auto found = selection.take();
  json::object answer;
  answer["next_cursor"] = nullptr;
  if (found.size() > page.limit) {
    found.pop_back();
    answer["next_cursor"] = write_cursor({found.back().key, found.back().number}, query);
  }
  json::array list;
  for (const auto& candidate : found) {
    CAIRN_ASSIGN(auto object, shown(view, candidate));
    list.push_back(std::move(object));
  }
  answer["rollouts"] = std::move(list);
  answer["notes"] = notes_of(view);
  return answer;
}

}  // namespace cairn::reading
