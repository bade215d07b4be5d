#include "core/server/api/run_rows.h"

#include <ranges>

#include "core/engine/view.h"

namespace cairn::api {

void RunRows::note(const std::string& run) {
  const std::lock_guard lock(changed_mutex_);
  changed_.insert(run);
}

void RunRows::erase(const std::string& run) {
  const std::lock_guard lock(mutex_);
  {
    const std::lock_guard changed(changed_mutex_);
    changed_.erase(run);
  }
  rows_.erase(run);
}

Result<void> RunRows::refresh() {
  if (!loaded_) {
    CAIRN_ASSIGN(std::vector<RunRow> rows, list_rows(store_));
    const std::lock_guard lock(changed_mutex_);
    for (RunRow& row : rows) {
      // Whether an engine runs it is not in the store.
      if (row.status == "running") changed_.insert(row.id);
      rows_[row.id] = std::move(row);
    }
    loaded_ = true;
  }
  std::set<std::string> changed;
  {
    const std::lock_guard lock(changed_mutex_);
    changed.swap(changed_);
  }
  for (const std::string& run : changed) {
    RunRow row;
    auto read =
        replicas_.with(run, [&](const RunNow& now) { row = shown_row(now.state, now.served); });
    if (read.ok()) {
      rows_[run] = std::move(row);
    } else if (read.error().code == ErrorCode::kNotFound) {
      rows_.erase(run);
    } else {
      note(run);
      return read;
    }
  }
  return {};
}

Result<RunRows::Page> RunRows::page(const RunFilter& filter, std::size_t limit,
                                    const std::string& before) {
  const std::lock_guard lock(mutex_);
  CAIRN_TRY(refresh());
  Page page;
  const auto end = before.empty() ? rows_.end() : rows_.lower_bound(before);
  for (auto entry = end; entry != rows_.begin();) {
    --entry;
    if (!filter.takes(entry->second)) continue;
    if (page.rows.size() == limit) {
      page.more = true;
      break;
    }
    page.rows.push_back(entry->second);
  }
  return page;
}

Result<std::vector<RunRow>> RunRows::rows(const std::set<std::string>& runs) {
  const std::lock_guard lock(mutex_);
  CAIRN_TRY(refresh());
  std::vector<RunRow> found;
  for (const std::string& run : runs) {
    if (const auto entry = rows_.find(run); entry != rows_.end()) found.push_back(entry->second);
  }
  return found;
}

Result<std::string> RunRows::resolve(const std::string& text) {
  const std::lock_guard lock(mutex_);
  CAIRN_TRY(refresh());
  if (rows_.contains(text)) return text;
  std::vector<RunRow> rows;
  rows.reserve(rows_.size());
  for (const RunRow& row : rows_ | std::views::values) rows.push_back(row);
  return resolve_run(rows, text);
}

Result<std::string> RunRows::find_earlier(const std::string& run) {
  const std::lock_guard lock(mutex_);
  CAIRN_TRY(refresh());
  const auto own = rows_.find(run);
  if (own == rows_.end()) return std::string();
  for (auto entry = own; entry != rows_.begin();) {
    --entry;
    if (entry->second.name == own->second.name) return entry->first;
  }
  return std::string();
}

}  // namespace cairn::api
