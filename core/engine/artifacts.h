// Artifacts: what the scheduler asks of the content store.
#pragma once

#include <string>

#include "core/artifacts/content_store.h"

namespace cairn {

class Artifacts {
 public:
  virtual ~Artifacts() = default;
  // Something lies there; none of its bytes is read.
  [[nodiscard]] virtual bool contains(const Digest& digest) const = 0;
  // It is what its name says, as far as can be told without reading what was read before.
  [[nodiscard]] virtual Result<void> check(const Digest& digest) = 0;
  // Takes a damaged one out of the way.
  [[nodiscard]] virtual Result<void> set_aside(const Digest& digest) = 0;
  // Of a file.
  [[nodiscard]] virtual Result<std::string> read(const Digest& digest) = 0;
  // STORE, absolute.
  [[nodiscard]] virtual const fs::path& store_folder() const = 0;
};

class StoredArtifacts final : public Artifacts {
 public:
  StoredArtifacts(ContentStore& store, FileSystem& files) : store_(store), files_(files) {}
  bool contains(const Digest& digest) const override { return store_.contains(digest); }
  Result<void> check(const Digest& digest) override {
    CAIRN_TRY(store_.check(digest));
    return {};
  }
  Result<void> set_aside(const Digest& digest) override { return store_.set_aside(digest); }
  Result<std::string> read(const Digest& digest) override {
    return files_.read(store_.path(digest));
  }
  const fs::path& store_folder() const override { return store_.store_folder(); }

 private:
  ContentStore& store_;
  FileSystem& files_;
};

}  // namespace cairn
