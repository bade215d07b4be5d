// What a store takes on the disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/artifacts/content_store.h"
#include "core/base/clock.h"
#include "core/base/files.h"

namespace cairn {

struct RunDisk {
  std::string run;  // the name of its folder
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
};

struct DiskUse {
  std::uint64_t artifacts = 0;
  std::uint64_t artifact_bytes = 0;
  std::vector<RunDisk> runs;  // those that were measured, the largest first
  std::uint64_t unmeasured = 0;
};

// What the files below `folder` take, in blocks that are theirs: links are not followed, and what
// cannot be read counts for nothing.
[[nodiscard]] RunDisk measure_folder(const fs::path& folder);

// Folders of runs from the newest on, for as long as `most` lasts; at least one.
[[nodiscard]] Result<DiskUse> measure_store(const ContentStore& artifacts, const Clock& clock,
                                            Duration most);

}  // namespace cairn
