#include "core/testing/memory_run_store.h"

#include <algorithm>
#include <utility>

namespace cairn::testing {

void MemoryRunStore::crash_at(std::uint64_t n, bool durable) {
  const std::lock_guard guard(mutex_);
  until_crash_ = n;
  crash_durable_ = durable;
}

void MemoryRunStore::revive() {
  const std::lock_guard guard(mutex_);
  crashed_ = false;
  until_crash_ = 0;
}

bool MemoryRunStore::crashed() const {
  const std::lock_guard guard(mutex_);
  return crashed_;
}

void MemoryRunStore::fill_disk_at(std::uint64_t n) {
  const std::lock_guard guard(mutex_);
  until_full_ = n;
}

void MemoryRunStore::free_space() {
  const std::lock_guard guard(mutex_);
  until_full_ = 0;
  full_ = false;
}

void MemoryRunStore::lose_at_crash(std::size_t batches) {
  const std::lock_guard guard(mutex_);
  unsafe_ = batches;
  while (undo_.size() > unsafe_) undo_.pop_front();
}

std::uint64_t MemoryRunStore::lost_batches() const {
  const std::lock_guard guard(mutex_);
  return lost_;
}

std::string& MemoryRunStore::record(const std::string& run, std::size_t index) {
  return journals_.at(run).at(index).bytes;
}

void MemoryRunStore::drop_after(const std::string& run, std::size_t records) {
  journals_.at(run).resize(records);
}

Result<std::uint64_t> MemoryRunStore::append(const StoreBatch& batch) {
  const std::lock_guard guard(mutex_);
  if (crashed_) return make_error(ErrorCode::kIo, "the writer was killed");
  if (until_full_ > 0 && --until_full_ == 0) full_ = true;
  if (full_) {
    return make_error(ErrorCode::kResourceExhausted, "no space left on the simulated disk",
                      "free some space on this disk and resume the run");
  }
  if (until_crash_ > 0 && --until_crash_ == 0) {
    if (crash_durable_) {
      apply(batch);
    } else {
      crash();
    }
    crashed_ = true;
    return make_error(ErrorCode::kIo, "the writer was killed");
  }
  apply(batch);
  return sequence_ - batch.journal.size() + 1;
}

void MemoryRunStore::put(Values& values, const std::string& key, const std::string* bytes,
                         Undo* undo) {
  const auto found = values.find(key);
  if (undo != nullptr) {
    undo->values.push_back(
        {&values, {key, found == values.end() ? std::nullopt : std::optional(found->second)}});
  }
  if (bytes != nullptr) {
    values.insert_or_assign(key, *bytes);
  } else if (found != values.end()) {
    values.erase(found);
  }
}

void MemoryRunStore::apply(const StoreBatch& batch) {
  Undo* undo = nullptr;
  if (unsafe_ > 0) {
    if (undo_.size() == unsafe_) undo_.pop_front();
    undo = &undo_.emplace_back();
    undo->sequence = sequence_;
  }
  for (const std::string& run : batch.forgotten) {
    if (auto journal = journals_.extract(run); journal && undo != nullptr) {
      undo->forgotten.emplace_back(run, std::move(journal.mapped()));
    }
    put(summaries_, run, nullptr, undo);
    put(snapshots_, run, nullptr, undo);
  }
  for (const std::string& key : batch.uncached) put(cache_, key, nullptr, undo);
  for (const auto& append : batch.journal) {
    if (undo != nullptr) undo->appended.push_back(append.run);
    journals_[append.run].push_back({++sequence_, append.bytes});
  }
  for (const auto& value : batch.summaries) put(summaries_, value.key, &value.bytes, undo);
  for (const auto& value : batch.snapshots) put(snapshots_, value.key, &value.bytes, undo);
  for (const auto& value : batch.cache) put(cache_, value.key, &value.bytes, undo);
}

void MemoryRunStore::crash() {
  for (; !undo_.empty(); undo_.pop_back()) {
    Undo& last = undo_.back();
    sequence_ = last.sequence;
    for (const std::string& run : last.appended) {
      std::vector<Record>& records = journals_[run];
      while (!records.empty() && records.back().sequence > sequence_) records.pop_back();
      if (records.empty()) journals_.erase(run);
    }
    for (auto& [run, records] : last.forgotten) journals_[run] = std::move(records);
    std::reverse(last.values.begin(), last.values.end());
    for (auto& [values, value] : last.values) {
      if (value.second) {
        values->insert_or_assign(value.first, *std::move(value.second));
      } else {
        values->erase(value.first);
      }
    }
    ++lost_;
  }
}

Result<void> MemoryRunStore::read_journal(const std::string& run, std::uint64_t after,
                                          const OnRecord& on_record) const {
  const std::lock_guard guard(mutex_);
  if (!summaries_.contains(run)) return not_found("there is no run '" + run + "'");
  const auto found = journals_.find(run);
  if (found == journals_.end()) return {};
  const std::vector<Record>& records = found->second;
  auto it = std::upper_bound(
      records.begin(), records.end(), after,
      [](std::uint64_t sequence, const Record& record) { return sequence < record.sequence; });
  for (; it != records.end(); ++it) {
    if (!on_record(it->sequence, it->bytes)) break;
  }
  return {};
}

Result<std::vector<RunSummary>> MemoryRunStore::list_runs() const {
  const std::lock_guard guard(mutex_);
  std::vector<RunSummary> runs;
  runs.reserve(summaries_.size());
  for (const auto& [run, bytes] : summaries_) runs.push_back({run, bytes});
  return runs;
}

Result<std::optional<std::string>> MemoryRunStore::find_snapshot(const std::string& run) const {
  const std::lock_guard guard(mutex_);
  const auto found = snapshots_.find(run);
  return found == snapshots_.end() ? std::optional<std::string>() : std::optional(found->second);
}

Result<std::optional<std::string>> MemoryRunStore::find_cache(const std::string& key) const {
  const std::lock_guard guard(mutex_);
  const auto found = cache_.find(key);
  return found == cache_.end() ? std::optional<std::string>() : std::optional(found->second);
}

Result<void> MemoryRunStore::read_cache(const OnEntry& on_entry) const {
  const std::lock_guard guard(mutex_);
  for (const auto& [key, bytes] : cache_) {
    if (!on_entry(key, bytes)) break;
  }
  return {};
}

std::uint64_t MemoryRunStore::last_sequence() const {
  const std::lock_guard guard(mutex_);
  return sequence_;
}

Result<void> MemoryRunStore::copy_to(const std::string& folder) {
  return make_error(ErrorCode::kUnavailable,
                    "cannot copy a store that is only in memory to " + folder);
}

Result<void> MemoryRunStore::verify() {
  return {};
}

}  // namespace cairn::testing
