// Claims: the digests of what this host publishes, a line each, said before it is published and
// kept until the engine has journaled the result. Garbage collection leaves them alone.
#pragma once

#include <functional>
#include <memory>

#include "core/base/files.h"

namespace cairn::host {

// Of the worker's thread.
class Claims {
 public:
  // settled: whether the engine has journaled every end of an attempt that was reported.
  Claims(FileSystem& files, fs::path path, std::function<bool()> settled)
      : files_(files), path_(std::move(path)), settled_(std::move(settled)) {}

  // An attempt has outputs. Claims of earlier ones are dropped once all of those are settled.
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> add(const Digest& digest);

 private:
  FileSystem& files_;
  const fs::path path_;
  std::function<bool()> settled_;
  std::unique_ptr<AppendFile> file_;
};

}  // namespace cairn::host
