// ContentStore: immutable artifacts, each at the path its digest names.
//
//   STORE/artifacts/sha256/ab/cdef...   a read-only file or folder
//
// Shared by the engine, which checks, and the hosts, which publish: any number of processes may
// use one store at once. Thread-safe.
#pragma once

#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

// Where an artifact lies, whether it exists or not. Pure.
[[nodiscard]] fs::path artifact_path(const fs::path& store_folder, const Digest& digest);

class ContentStore {
 public:
  explicit ContentStore(fs::path store_folder, FileSystem& files = real_file_system())
      : store_folder_(std::move(store_folder)), files_(files) {}

  // Moves a file or folder into the store: synced, hashed, renamed into place, read-only, the
  // rename durable when it returns. `path` lies on the store's file system and is gone
  // afterwards. What is there already is kept; two who publish the same are both right. Links
  // and special files are kInvalidArgument.
  [[nodiscard]] Result<ContentId> publish(const fs::path& path);

  // Whether something lies there; reads none of its bytes.
  [[nodiscard]] bool contains(const Digest& digest) const;
  // Reads all bytes. kNotFound: not there. kCorrupt: there, but not what its name says; the
  // message names the path.
  [[nodiscard]] Result<ContentId> verify(const Digest& digest) const;
  // Takes a damaged artifact out of the way, so that a rerun can publish it anew. The bytes are
  // kept as STORE/artifacts/damaged/HEX for a person to look at; an earlier one is replaced.
  [[nodiscard]] Result<void> set_aside(const Digest& digest);

  [[nodiscard]] fs::path path(const Digest& digest) const {
    return artifact_path(store_folder_, digest);
  }
  [[nodiscard]] const fs::path& store_folder() const { return store_folder_; }
  // Sorted.
  [[nodiscard]] Result<std::vector<Digest>> list() const;

 private:
  fs::path store_folder_;
  FileSystem& files_;
};

}  // namespace cairn
