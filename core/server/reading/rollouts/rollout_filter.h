// Filters as a decision about a row, and the cursors that belong to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/base/json.h"
#include "core/base/result.h"
#include "core/server/reading/rollouts/rollout_view.h"
#include "core/server/reading/rollouts/rollouts.h"

namespace cairn::reading {

// A filter with its names looked up.
class RowFilter {
 public:
  RowFilter(const RolloutFilter& filter, const RolloutView& view);
  // Steps are not looked at: rows() has them.
  [[nodiscard]] bool takes(const RolloutRow& row) const;
  // Rows [first, last) that may be taken.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> rows() const { return rows_; }

 private:
  const RolloutFilter& filter_;
  std::optional<std::uint16_t> task_;
  std::optional<std::uint32_t> sample_;
  std::pair<std::uint64_t, std::uint64_t> rows_;
};

[[nodiscard]] json::object to_json(const RolloutFilter& filter);

// Where a list goes on: behind the row with this key. Text: "1-QUERY-KEY-ROW" in hex, QUERY a
// digest of what was asked.
struct RowCursor {
  double key = 0;
  std::uint64_t row = 0;
};
[[nodiscard]] std::string write_cursor(const RowCursor& cursor, const json::object& query);
// kInvalidArgument for any other text, and for the cursor of another query.
[[nodiscard]] Result<RowCursor> read_cursor(const std::string& text, const json::object& query);

// A ROW as rollouts.h describes it, without answer and preview.
[[nodiscard]] json::object row_json(const RolloutView& view, std::uint64_t number,
                                    const RolloutRow& row);
[[nodiscard]] json::value number_or_null(double value);
[[nodiscard]] json::array notes_of(const RolloutView& view);

}  // namespace cairn::reading
