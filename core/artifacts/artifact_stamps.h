// ArtifactStamps: what verified artifacts looked like: size and modification time of every file.
// An artifact that still looks so is taken as unchanged, without reading it.
//
// Kept in one file for all processes that use the store:
//
//   STORE/artifacts/verified     lines "HEX BYTES f|d STAMP CHECK"
//
// Lines are appended and not synced: one that is lost, torn or wrong costs one verification.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/files.h"

namespace cairn {

// Size and modification time of the file, or of every file below the folder, as 16 hex digits.
[[nodiscard]] Result<std::string> stamp_of(const fs::path& path);

// Thread-safe.
class ArtifactStamps {
 public:
  struct Entry {
    ContentId id;
    std::string stamp;
  };

  explicit ArtifactStamps(fs::path file) : file_(std::move(file)) {}

  [[nodiscard]] std::optional<Entry> find(const Digest& digest);
  // Never fails: what could not be written is verified again by the next process.
  void record(const Entry& entry, FileSystem& files);
  // Writes the file anew with these artifacts only; sorted.
  [[nodiscard]] Result<void> keep_only(const std::vector<Digest>& digests, FileSystem& files);

 private:
  void read_on();

  fs::path file_;
  std::mutex mutex_;
  std::map<Digest, Entry> entries_;
  std::uint64_t read_ = 0;  // bytes of the file seen so far
};

}  // namespace cairn
