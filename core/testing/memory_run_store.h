// MemoryRunStore: a RunStore whose writer can be killed at any append.
#pragma once

#include <map>
#include <mutex>

#include "core/store/run_store.h"

namespace cairn::testing {

class MemoryRunStore final : public RunStore {
 public:
  // The writer dies at the n-th append from now (1: the next): that call and all later ones fail.
  // durable: whether the batch of that append reached the disk.
  void crash_at(std::uint64_t n, bool durable);
  // A new writer opened the store.
  void revive();
  [[nodiscard]] bool crashed() const;
  // For tests of damage.
  [[nodiscard]] std::string& record(const std::string& run, std::size_t index);
  void drop_after(const std::string& run, std::size_t records);

  [[nodiscard]] Result<std::uint64_t> append(const StoreBatch& batch) override;
  [[nodiscard]] Result<std::vector<JournalRecord>> read_journal(const std::string& run,
                                                                std::uint64_t after) const override;
  [[nodiscard]] Result<std::vector<RunSummary>> list_runs() const override;
  [[nodiscard]] Result<std::optional<std::string>> find_cache(
      const std::string& key) const override;
  [[nodiscard]] std::uint64_t last_sequence() const override;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<JournalRecord>> journals_;
  std::map<std::string, std::string> summaries_;
  std::map<std::string, std::string> cache_;
  std::uint64_t sequence_ = 0;
  std::uint64_t until_crash_ = 0;  // 0: none is planned
  bool crash_durable_ = false;
  bool crashed_ = false;
};

}  // namespace cairn::testing
