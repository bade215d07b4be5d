// RunStore: the durable memory of the engine. One process at a time writes it.
//
// It keeps, for each run, an append-only journal of opaque records numbered by one sequence for
// the whole store, a short summary for lists, and an index from cache keys to results. Bytes go
// in and out as they are; what they mean is core/engine's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace cairn {

struct JournalRecord {
  std::uint64_t sequence = 0;  // unique in the store, growing; assigned by append
  std::string bytes;
};

// All of it becomes durable, or nothing.
struct StoreBatch {
  struct Append {
    std::string run;
    std::string bytes;
  };
  struct Put {
    std::string key;
    std::string bytes;
  };
  std::vector<Append> journal;  // in order
  std::vector<Put> summaries;   // key: run
  std::vector<Put> cache;       // key: cache key
  [[nodiscard]] bool empty() const { return journal.empty() && summaries.empty() && cache.empty(); }
};

struct RunSummary {
  std::string run;
  std::string bytes;
};

// The format this build writes. A store of a newer one is refused.
inline constexpr std::uint32_t kStoreFormat = 1;

// Thread-safe.
class RunStore {
 public:
  virtual ~RunStore() = default;

  // Durable when it returns. Returns the sequence of the first journal record; those of the
  // batch are consecutive. After an error nothing more should be written: what reached the disk
  // is known only after the store was opened again. A read-only store answers kConflict.
  [[nodiscard]] virtual Result<std::uint64_t> append(const StoreBatch& batch) = 0;

  // The run's records with a sequence above `after`, in order. kNotFound: no such run.
  [[nodiscard]] virtual Result<std::vector<JournalRecord>> read_journal(
      const std::string& run, std::uint64_t after = 0) const = 0;
  // Sorted by run id.
  [[nodiscard]] virtual Result<std::vector<RunSummary>> list_runs() const = 0;
  [[nodiscard]] virtual Result<std::optional<std::string>> find_cache(
      const std::string& key) const = 0;
  [[nodiscard]] virtual std::uint64_t last_sequence() const = 0;
};

}  // namespace cairn
