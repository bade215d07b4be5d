#include "core/cli/backup_artifacts.h"

#include "core/artifacts/content_store.h"
#include "core/base/boundary.h"

namespace cairn {

namespace {

// A copy would follow a link, wherever it leads, and wait for what never ends.
Result<void> check_plain(const fs::path& artifact) {
  const auto plain = [](const fs::file_status& status) {
    return fs::is_regular_file(status) || fs::is_directory(status);
  };
  std::error_code error;
  fs::path wrong;
  if (!plain(fs::symlink_status(artifact, error))) wrong = artifact;
  if (wrong.empty() && fs::is_directory(artifact, error)) {
    for (fs::recursive_directory_iterator it(artifact, error), end; !error && it != end;
         it.increment(error)) {
      if (!plain(it->symlink_status(error))) wrong = it->path();
    }
    if (error) return io_error("list", artifact, error.value());
  }
  if (wrong.empty()) return {};
  return corrupt(wrong.string() + " is neither a file nor a folder, and no part of an artifact",
                 "use another backup");
}

}  // namespace

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
    if (source.contains(artifact.digest)) CAIRN_TRY(check_plain(source.path(artifact.digest)));
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
