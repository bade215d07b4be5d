#include "core/cli/backup_artifacts.h"

#include "core/artifacts/content_store.h"
#include "core/base/boundary.h"

namespace cairn {

Result<CopiedArtifacts> copy_artifacts(const fs::path& from, const fs::path& to) {
  const PersistenceBoundary boundary(Boundary::kExport);
  const ContentStore source(from);
  ContentStore target(to);
  FileSystem& files = real_file_system();
  CopiedArtifacts copied;
  CAIRN_ASSIGN(const auto artifacts, source.list_with_sizes());
  CAIRN_TRY(files.make_directories(to));
  const fs::path unfinished = to / "unfinished";
  for (const StoredArtifact& artifact : artifacts) {
    if (target.contains(artifact.digest)) continue;
    CAIRN_TRY(files.remove_all(unfinished));
    std::error_code error;
    fs::copy(source.path(artifact.digest), unfinished, fs::copy_options::recursive, error);
    // Collected as garbage since it was listed: nothing needs it.
    if (error && !source.contains(artifact.digest)) continue;
    if (error) return io_error("copy to", unfinished.string(), error.value());
    CAIRN_ASSIGN(const ContentId id, identify_content(unfinished));
    if (id.digest != artifact.digest) {
      return corrupt(
          "artifact " + source.path(artifact.digest).string() + " is not what its name says",
          "resume or rerun the run that made it, then back up again");
    }
    CAIRN_TRY(target.publish(unfinished));
    ++copied.count;
    copied.bytes += artifact.bytes;
  }
  CAIRN_TRY(files.remove_all(unfinished));
  return copied;
}

}  // namespace cairn
