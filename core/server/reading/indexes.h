// Indexes: what is known of files that were looked into, the most recently used ones, within a
// bound of memory.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/base/clock.h"
#include "core/base/files.h"

namespace cairn {

class FileIndex {
 public:
  virtual ~FileIndex() = default;
  // Bytes it holds now.
  [[nodiscard]] virtual std::size_t memory() const = 0;
};

// Thread-safe. An index that was forgotten lives on with those who use it, and is made again by the
// next who asks.
class Indexes {
 public:
  struct Limits {
    std::size_t bytes = std::size_t{64} << 20;
    std::size_t files = 512;
  };

  // scratch: a private folder on a disk, for what does not fit into memory and cannot be kept
  // beside the file; the folder exists. The clock, which budgets of time are taken from, outlives
  // it.
  explicit Indexes(fs::path scratch, Limits limits, const Clock& clock = system_clock())
      : scratch_(std::move(scratch)), limits_(limits), clock_(clock) {}
  explicit Indexes(fs::path scratch) : Indexes(std::move(scratch), Limits()) {}

  // The index of this kind of the file, made by make() where there is none.
  template <typename Index, typename Make>
  [[nodiscard]] std::shared_ptr<Index> of(const fs::path& file, const Make& make) {
    return std::static_pointer_cast<Index>(find_or_make(
        std::string(Index::kKind) + file.string(),
        [&] { return std::static_pointer_cast<FileIndex>(std::shared_ptr<Index>(make())); }));
  }
  // Forgets the least recently used until the rest keeps the limits. Call it when an index grew.
  void trim();

  [[nodiscard]] std::size_t memory() const;
  [[nodiscard]] std::size_t files() const;
  [[nodiscard]] const fs::path& scratch() const { return scratch_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<FileIndex> index;
  };
  template <typename Make>
  std::shared_ptr<FileIndex> find_or_make(const std::string& key, const Make& make) {
    const std::lock_guard lock(mutex_);
    if (const auto found = places_.find(key); found != places_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->index;
    }
    entries_.push_front({key, make()});
    places_[key] = entries_.begin();
    return entries_.front().index;
  }

  const fs::path scratch_;
  const Limits limits_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the most recently used first
  std::map<std::string, std::list<Entry>::iterator> places_;
};

}  // namespace cairn
