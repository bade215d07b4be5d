#include "core/server/reading/indexes.h"

namespace cairn {

void Indexes::trim() {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  std::size_t files = 0;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const std::size_t own = entry->index->memory();
    // The newest stays, however large it is.
    if (files == 0 || (bytes + own <= limits_.bytes && files < limits_.files)) {
      bytes += own;
      ++files;
      ++entry;
      continue;
    }
    places_.erase(entry->key);
    entry = entries_.erase(entry);
  }
}

std::size_t Indexes::memory() const {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.index->memory();
  return bytes;
}

std::size_t Indexes::files() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace cairn
