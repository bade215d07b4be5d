// ContentStore: immutable artifacts, each at the path its digest names.
//
//   STORE/artifacts/sha256/ab/cdef...   a read-only file or folder
//   STORE/artifacts/verified            what verified artifacts looked like: artifact_stamps.h
//   STORE/artifacts/damaged/HEX         set aside
//   STORE/artifacts/removed/HEX         on its way out
//   STORE/artifacts/lock                shared by those who publish, held by who takes out
//
// Shared by the engine, which checks, and the hosts, which publish: any number of processes may
// use one store at once. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/artifacts/artifact_stamps.h"
#include "core/base/clock.h"
#include "core/base/file_lock.h"
#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

// Where an artifact lies, whether it exists or not. Pure.
[[nodiscard]] fs::path artifact_path(const fs::path& store_folder, const Digest& digest);

struct StoredArtifact {
  Digest digest;
  std::uint64_t bytes = 0;
  WallTime time;  // when its bytes were written
};

class ContentStore {
 public:
  explicit ContentStore(fs::path store_folder, FileSystem& files = real_file_system());

  // Moves a file or folder into the store: synced, hashed, renamed into place, read-only, the
  // rename durable when it returns. `path` lies on the store's file system and is gone
  // afterwards. What is there already is kept; two who publish the same are both right. Links
  // and special files are kInvalidArgument.
  //
  // `claim` is told the digest before it is looked whether the artifact is there already. Who takes
  // artifacts out while others publish first closes the store, then leaves alone what was claimed.
  using Claim = std::function<Result<void>(const Digest& digest)>;
  [[nodiscard]] Result<ContentId> publish(const fs::path& path, const Claim& claim = {});
  // Until the lock goes nobody comes between claim and artifact. Waits for those who are there.
  // kUnavailable: this file system has no locks.
  [[nodiscard]] Result<FileLock> close() const;

  // Whether something lies there; reads none of its bytes.
  [[nodiscard]] bool contains(const Digest& digest) const;
  // Reads all bytes. kNotFound: not there. kCorrupt: there, but not what its name says; the
  // message names the path.
  [[nodiscard]] Result<ContentId> verify(const Digest& digest) const;
  // For reuse: reads the bytes only when it does not look as it did when it was published or last
  // read: when size or modification time of a file differ. Errors as of verify.
  [[nodiscard]] Result<ContentId> check(const Digest& digest) const;
  // Takes a damaged artifact out of the way, so that a rerun can publish it anew. The bytes are
  // kept as STORE/artifacts/damaged/HEX for a person to look at; an earlier one is replaced.
  [[nodiscard]] Result<void> set_aside(const Digest& digest);
  // Takes an artifact out; its bytes go with the next clean_leftovers. One that is not there is
  // kNotFound. Killed in between, it leaves the whole artifact or none. Nobody may publish or use
  // the same artifact meanwhile.
  [[nodiscard]] Result<void> take_out(const Digest& digest);
  // Deletes what was taken out, set aside or half written. Returns the bytes it freed.
  [[nodiscard]] Result<std::uint64_t> clean_leftovers();

  [[nodiscard]] fs::path path(const Digest& digest) const {
    return artifact_path(store_folder_, digest);
  }
  [[nodiscard]] const fs::path& store_folder() const { return store_folder_; }
  // Sorted.
  [[nodiscard]] Result<std::vector<Digest>> list() const;
  // Reads no bytes. Sorted by digest.
  [[nodiscard]] Result<std::vector<StoredArtifact>> list_with_sizes() const;
  // Reads no bytes. kNotFound: not there.
  [[nodiscard]] Result<std::uint64_t> bytes_of(const Digest& digest) const;

 private:
  [[nodiscard]] Result<void> sync_names();
  // Verifies, and remembers the look when it did not change meanwhile.
  Result<ContentId> verify_and_remember(const Digest& digest) const;

  fs::path store_folder_;
  FileSystem& files_;
  std::shared_ptr<ArtifactStamps> stamps_;  // one for all copies of this store
};

}  // namespace cairn
