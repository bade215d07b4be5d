// Artifacts beside the journal of a backup.
#pragma once

#include <cstdint>

#include "core/base/files.h"

namespace cairn {

// Below a backup's folder; a store folder of its own.
inline constexpr const char* kBackupArtifacts = "store";

struct CopiedArtifacts {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};
// Copies every artifact of one store folder that the other lacks, each verified as it arrives.
// What is damaged at its source is an error: a backup of it would be none.
[[nodiscard]] Result<CopiedArtifacts> copy_artifacts(const fs::path& from, const fs::path& to);

}  // namespace cairn
