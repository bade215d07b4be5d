// Finds the manifest of a library without loading it where that can be known:
//   NAME.so.manifest beside it, when its digest is that of the library;
//   else $XDG_CACHE_HOME/cairn/manifests, by path, size and modification time, then digest;
//   else `cairn-host --describe`, whose answer goes to the cache.
#pragma once

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/result.h"
#include "core/plugin/manifest.h"

namespace cairn {

class ManifestCache {
 public:
  struct Options {
    fs::path folder;            // empty: nothing is kept
    fs::path describe_program;  // cairn-host; empty: a library without a manifest is an error
    Duration describe_timeout{20'000};
  };
  // The user's cache folder, and the timeout of $CAIRN_DESCRIBE_TIMEOUT ("60s"), if that is one.
  [[nodiscard]] static Options default_options(fs::path describe_program);
  // The user's cache folder: $XDG_CACHE_HOME, else $HOME/.cache; empty where neither is set.
  [[nodiscard]] static fs::path default_folder();

  explicit ManifestCache(Options options) : options_(std::move(options)) {}

  // library: an absolute path. Its `library` is that path.
  [[nodiscard]] Result<LibraryManifest> manifest_of(const fs::path& library) const;

 private:
  Options options_;
};

// NAME.so.manifest of NAME.so.
[[nodiscard]] fs::path manifest_path(const fs::path& library);

}  // namespace cairn
