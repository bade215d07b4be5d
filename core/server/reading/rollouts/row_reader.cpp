#include "core/server/reading/rollouts/row_reader.h"

#include <algorithm>

namespace cairn::reading {
namespace {

constexpr std::size_t kRowsAtOnce = 4096;

}  // namespace

bool RowReader::add(const RolloutRow& row) {
  if (!is_whole(row) || !samples_->knows(row)) return false;
  if (count_ > 0 && row.body_offset != body_end_) return false;
  if (!add_row(row, count_, steps_).ok()) return false;
  if (count_ == 0) {
    body_base_ = row.body_offset;
    token_base_ = row.token_offset;
  }
  body_end_ = row.body_offset + row.body_bytes + 1;
  ++count_;
  return true;
}

Result<void> RowReader::read(const ReadFile& columns) {
  CAIRN_ASSIGN(const std::uint64_t size, columns.size());
  std::vector<RolloutRow> rows;
  while (size / sizeof(RolloutRow) > count_) {
    rows.resize(std::min<std::uint64_t>(size / sizeof(RolloutRow) - count_, kRowsAtOnce));
    CAIRN_TRY(columns.read_at(
        count_ * sizeof(RolloutRow),
        std::span<char>(reinterpret_cast<char*>(rows.data()), rows.size() * sizeof(RolloutRow))));
    for (const auto& row : rows)
      if (!add(row)) return {};
  }
  return {};
}

}  // namespace cairn::reading
