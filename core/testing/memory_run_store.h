// MemoryRunStore: a RunStore whose writer can be killed at any append, and whose disk can fill or
// forget. Like the store on RocksDB it keeps a batch as a whole or not at all.
#pragma once

#include <deque>
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

  // The n-th append from now (1: the next) and all later ones find the disk full, and leave
  // nothing; until free_space().
  void fill_disk_at(std::uint64_t n);
  void free_space();

  // A disk that acknowledges before it has written: a crash takes up to `batches` of the last
  // acknowledged ones with it, the newest first. Set before the appends it shall concern.
  void lose_at_crash(std::size_t batches);
  // How many acknowledged batches crashes have taken.
  [[nodiscard]] std::uint64_t lost_batches() const;

  // For tests of damage.
  [[nodiscard]] std::string& record(const std::string& run, std::size_t index);
  void drop_after(const std::string& run, std::size_t records);

  [[nodiscard]] Result<std::uint64_t> append(const StoreBatch& batch) override;
  [[nodiscard]] Result<void> read_journal(const std::string& run, std::uint64_t after,
                                          const OnRecord& on_record) const override;
  [[nodiscard]] Result<std::vector<RunSummary>> list_runs() const override;
  [[nodiscard]] Result<std::optional<std::string>> find_snapshot(
      const std::string& run) const override;
  [[nodiscard]] Result<std::optional<std::string>> find_cache(
      const std::string& key) const override;
  [[nodiscard]] Result<void> read_cache(const OnEntry& on_entry) const override;
  [[nodiscard]] std::uint64_t last_sequence() const override;
  [[nodiscard]] std::string identity() const override { return "memory"; }
  // kUnavailable: there are no files.
  [[nodiscard]] Result<void> copy_to(const std::string& folder) override;
  [[nodiscard]] Result<void> verify() override;

 private:
  struct Record {
    std::uint64_t sequence = 0;
    std::string bytes;
  };
  using Values = std::map<std::string, std::string, std::less<>>;
  // What a batch replaced, to take it back.
  struct Undo {
    std::uint64_t sequence = 0;
    std::vector<std::string> appended;  // runs
    std::vector<std::pair<std::string, std::vector<Record>>> forgotten;
    std::vector<std::pair<Values*, std::pair<std::string, std::optional<std::string>>>> values;
  };

  void apply(const StoreBatch& batch);
  void crash();
  void put(Values& values, const std::string& key, const std::string* bytes, Undo* undo);

  mutable std::recursive_mutex mutex_;  // a callback may read
  std::map<std::string, std::vector<Record>> journals_;
  Values summaries_;
  Values snapshots_;
  Values cache_;
  std::uint64_t sequence_ = 0;
  std::uint64_t until_crash_ = 0;  // 0: none is planned
  std::uint64_t until_full_ = 0;   // 0: none is planned
  bool full_ = false;
  bool crash_durable_ = false;
  bool crashed_ = false;
  std::size_t unsafe_ = 0;  // how many batches a crash takes
  std::uint64_t lost_ = 0;
  std::deque<Undo> undo_;  // of the last unsafe_ batches
};

}  // namespace cairn::testing
