// RunStore: the durable memory of the engine. One process at a time writes it.
//
// It keeps, for each run, an append-only journal of opaque records numbered by one sequence for
// the whole store, a short summary for lists, and an index from cache keys to results. Bytes go
// in and out as they are; what they mean is core/engine's business.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace cairn {

// All of it becomes durable, or nothing. It forgets first, then it writes.
struct StoreBatch {
  struct Append {
    std::string run;
    std::string bytes;
  };
  struct Put {
    std::string key;
    std::string bytes;
  };
  std::vector<Append> journal;         // in order
  std::vector<Put> summaries;          // key: run
  std::vector<Put> snapshots;          // key: run
  std::vector<Put> cache;              // key: cache key
  std::vector<std::string> forgotten;  // runs whose journal, summary and snapshot go
  std::vector<std::string> uncached;   // cache keys that go
  [[nodiscard]] bool empty() const {
    return journal.empty() && summaries.empty() && snapshots.empty() && cache.empty() &&
           forgotten.empty() && uncached.empty();
  }
};

struct RunSummary {
  std::string run;
  std::string bytes;
};

// The format this build writes. A store of a newer one is refused; one of an older is read, and
// becomes this one with the first write.
inline constexpr std::uint32_t kStoreFormat = 2;

// Thread-safe.
class RunStore {
 public:
  virtual ~RunStore() = default;

  // Durable when it returns. Returns the sequence of the first journal record; those of the
  // batch are consecutive. A full disk is kResourceExhausted and can be tried again later: nothing
  // of the batch is kept. After any other error nothing more should be written: what reached the
  // disk is known only after the store was opened again. A read-only store answers kConflict.
  [[nodiscard]] virtual Result<std::uint64_t> append(const StoreBatch& batch) = 0;

  // Calls back with the run's records above `after`, in order, until the callback returns false.
  // The bytes are valid during the call; the callback must not write to the store. kNotFound: no
  // such run.
  using OnRecord = std::function<bool(std::uint64_t sequence, std::string_view bytes)>;
  [[nodiscard]] virtual Result<void> read_journal(const std::string& run, std::uint64_t after,
                                                  const OnRecord& on_record) const = 0;
  // Sorted by run id.
  [[nodiscard]] virtual Result<std::vector<RunSummary>> list_runs() const = 0;
  [[nodiscard]] virtual Result<std::optional<std::string>> find_snapshot(
      const std::string& run) const = 0;
  [[nodiscard]] virtual Result<std::optional<std::string>> find_cache(
      const std::string& key) const = 0;
  // Every cache entry, until the callback returns false.
  using OnEntry = std::function<bool(std::string_view key, std::string_view bytes)>;
  [[nodiscard]] virtual Result<void> read_cache(const OnEntry& on_entry) const = 0;
  [[nodiscard]] virtual std::uint64_t last_sequence() const = 0;
  // Letters and digits that tell this store from others, also from one restored from its backup.
  [[nodiscard]] virtual std::string identity() const = 0;

  // A copy of all that is durable now, into a folder that does not exist yet; writes go on.
  [[nodiscard]] virtual Result<void> copy_to(const std::string& folder) = 0;
  // Reads every byte and compares checksums. kCorrupt names the file.
  [[nodiscard]] virtual Result<void> verify() = 0;
};

}  // namespace cairn
