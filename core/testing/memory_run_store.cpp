#include "core/testing/memory_run_store.h"

namespace cairn::testing {

void MemoryRunStore::crash_at(std::uint64_t n, bool durable) {
  until_crash_ = n;
  crash_durable_ = durable;
}

void MemoryRunStore::revive() {
  crashed_ = false;
  until_crash_ = 0;
}

bool MemoryRunStore::crashed() const {
  return crashed_;
}

std::string& MemoryRunStore::record(const std::string& run, std::size_t index) {
  return journals_.at(run).at(index).bytes;
}

void MemoryRunStore::drop_after(const std::string& run, std::size_t records) {
  journals_.at(run).resize(records);
}

Result<std::uint64_t> MemoryRunStore::append(const StoreBatch& batch) {
  const std::lock_guard guard(mutex_);
  if (until_crash_ > 0 && --until_crash_ == 0) crashed_ = true;
  if (!crashed_ || (until_crash_ == 0 && crash_durable_)) {
    crash_durable_ = false;
    for (const auto& append : batch.journal) {
      journals_[append.run].push_back({++sequence_, append.bytes});
    }
    for (const auto& put : batch.summaries) summaries_[put.key] = put.bytes;
    for (const auto& put : batch.cache) cache_[put.key] = put.bytes;
  }
  if (crashed_) return make_error(ErrorCode::kIo, "the writer was killed");
  return sequence_ - batch.journal.size() + 1;
}

Result<std::vector<JournalRecord>> MemoryRunStore::read_journal(const std::string& run,
                                                                std::uint64_t after) const {
  const std::lock_guard guard(mutex_);
  const auto found = journals_.find(run);
  if (found == journals_.end()) return not_found("there is no run '" + run + "'");
  std::vector<JournalRecord> records;
  for (const JournalRecord& record : found->second) {
    if (record.sequence > after) records.push_back(record);
  }
  return records;
}

Result<std::vector<RunSummary>> MemoryRunStore::list_runs() const {
  const std::lock_guard guard(mutex_);
  std::vector<RunSummary> runs;
  for (const auto& [run, bytes] : summaries_) runs.push_back({run, bytes});
  return runs;
}

Result<std::optional<std::string>> MemoryRunStore::find_cache(const std::string& key) const {
  const std::lock_guard guard(mutex_);
  const auto found = cache_.find(key);
  if (found == cache_.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

std::uint64_t MemoryRunStore::last_sequence() const {
  const std::lock_guard guard(mutex_);
  return sequence_;
}

}  // namespace cairn::testing
