#include "core/server/reading/rollouts/rollout_filter.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/base/digest.h"
#include "core/base/text.h"

namespace cairn::reading {
namespace {

constexpr std::string_view kCursorVersion = "1";
constexpr std::size_t kQueryDigits = 16;

std::string query_digest(const json::object& query) {
  return std::string(digest_hex(digest_of(canonical_json(query))).substr(0, kQueryDigits));
}

std::string hex(std::uint64_t value) {
  std::string text(16, '\0');
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, 16).ptr;
  text.resize(static_cast<std::size_t>(end - text.data()));
  return text;
}

std::optional<std::uint64_t> from_hex(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

AdvantageSign sign_of(double advantage) {
  return advantage > 0   ? AdvantageSign::kPositive
         : advantage < 0 ? AdvantageSign::kNegative
                         : AdvantageSign::kZero;
}

bool is_other(const std::optional<bool>& wanted, const RolloutRow& row, RolloutRow::Flag flag) {
  return wanted && *wanted != row.has(flag);
}

}  // namespace

RowFilter::RowFilter(const RolloutFilter& filter, const RolloutView& view) : filter_(filter) {
  rows_ = view.rows_of_steps(filter.step_min.value_or(std::numeric_limits<std::int64_t>::min()),
                             filter.step_max.value_or(std::numeric_limits<std::int64_t>::max()));
  if (filter.task) task_ = view.samples().find_task(*filter.task);
  if (filter.sample) sample_ = view.samples().find_sample(*filter.sample);
  if ((filter.task && !task_) || (filter.sample && !sample_)) rows_.second = rows_.first;
}

bool RowFilter::takes(const RolloutRow& row) const {
  if (task_ && row.task != *task_) return false;
  if (sample_ && row.sample != *sample_) return false;
  if (filter_.reward_min && !(row.reward >= *filter_.reward_min)) return false;
  if (filter_.reward_max && !(row.reward <= *filter_.reward_max)) return false;
  if (filter_.advantage &&
      (std::isnan(row.advantage) || sign_of(row.advantage) != *filter_.advantage))
    return false;
  return !is_other(filter_.truncated, row, RolloutRow::kTruncated) &&
         !is_other(filter_.dropped, row, RolloutRow::kDropped) &&
         !is_other(filter_.with_tokens, row, RolloutRow::kTokens) &&
         (!filter_.answered ||
          row.has(*filter_.answered ? RolloutRow::kAnswered : RolloutRow::kUnanswered));
}

json::object to_json(const RolloutFilter& filter) {
  json::object object;
  const auto add = [&](const char* name, const auto& value) {
    if (value) object[name] = *value;
  };
  add("step_min", filter.step_min);
  add("step_max", filter.step_max);
  add("task", filter.task);
  add("sample", filter.sample);
  add("reward_min", filter.reward_min);
  add("reward_max", filter.reward_max);
  if (filter.advantage) object["advantage"] = static_cast<int>(*filter.advantage);
  add("truncated", filter.truncated);
  add("dropped", filter.dropped);
  add("with_tokens", filter.with_tokens);
  add("answered", filter.answered);
  return object;
}

std::string write_cursor(const RowCursor& cursor, const json::object& query) {
  return std::string(kCursorVersion) + "-" + query_digest(query) + "-" +
         hex(std::bit_cast<std::uint64_t>(cursor.key)) + "-" + hex(cursor.row);
}

Result<RowCursor> read_cursor(const std::string& text, const json::object& query) {
  const auto parts = split(text, '-');
  if (parts.size() == 4 && parts[0] == kCursorVersion && parts[1].size() == kQueryDigits) {
    const auto key = from_hex(parts[2]);
    const auto row = from_hex(parts[3]);
    if (key && row) {
      if (parts[1] != query_digest(query))
        return invalid_argument("the cursor belongs to a list with other filters",
                                "ask for the first page of this one");
      return RowCursor{std::bit_cast<double>(*key), *row};
    }
  }
  return invalid_argument("that is no cursor of this list", "take next_cursor as it was given");
}

json::value number_or_null(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

json::object row_json(const RolloutView& view, std::uint64_t number, const RolloutRow& row) {
  return {{"row", number},
          {"step", row.step},
          {"sample", view.samples().samples()[row.sample].id},
          {"task", view.samples().tasks()[row.task]},
          {"index", row.index},
          {"reward", number_or_null(row.reward)},
          {"advantage", number_or_null(row.advantage)},
          {"entropy", number_or_null(row.entropy)},
          {"tokens", row.tokens},
          {"prompt_tokens", row.prompt_tokens},
          {"turns", row.turns},
          {"truncated", row.has(RolloutRow::kTruncated)},
          {"dropped", row.has(RolloutRow::kDropped)},
          {"with_tokens", row.has(RolloutRow::kTokens)},
          {"answered", row.has(RolloutRow::kAnswered)     ? json::value(true)
                       : row.has(RolloutRow::kUnanswered) ? json::value(false)
                                                          : json::value(nullptr)}};
}

json::array notes_of(const RolloutView& view) {
  json::array notes;
  for (const auto& note : view.notes()) notes.emplace_back(note);
  return notes;
}

}  // namespace cairn::reading
