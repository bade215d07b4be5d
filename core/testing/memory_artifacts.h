// MemoryArtifacts: a content store without a disk, whose artifacts can be lost or damaged.
#pragma once

#include <map>
#include <set>

#include "core/engine/artifacts.h"

namespace cairn::testing {

class MemoryArtifacts final : public Artifacts {
 public:
  explicit MemoryArtifacts(fs::path store_folder) : store_folder_(std::move(store_folder)) {}

  Digest publish(const std::string& bytes) {
    Digest digest = digest_of(bytes);
    bytes_[digest] = bytes;
    damaged_.erase(digest);
    return digest;
  }
  void lose(const Digest& digest) { bytes_.erase(digest); }
  void damage(const Digest& digest) { damaged_.insert(digest); }

  bool contains(const Digest& digest) const override { return bytes_.contains(digest); }
  Result<void> check(const Digest& digest) override {
    if (!contains(digest)) return not_found("artifact " + digest + " is missing");
    if (damaged_.contains(digest)) return corrupt("artifact " + digest + " is damaged");
    return {};
  }
  Result<void> set_aside(const Digest& digest) override {
    bytes_.erase(digest);
    damaged_.erase(digest);
    return {};
  }
  Result<std::string> read(const Digest& digest) override {
    CAIRN_TRY(check(digest));
    return bytes_.at(digest);
  }
  const fs::path& store_folder() const override { return store_folder_; }

 private:
  fs::path store_folder_;
  std::map<Digest, std::string> bytes_;
  std::set<Digest> damaged_;
};

}  // namespace cairn::testing
