#include "core/server/disk_use.h"

#include <sys/stat.h>

#include <algorithm>

namespace cairn {
namespace {

constexpr std::uint64_t kBlock = 512;  // of st_blocks

}  // namespace

RunDisk measure_folder(const fs::path& folder) {
  RunDisk disk{folder.filename().string(), 0, 0};
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    struct stat info {};
    if (::lstat(entry->path().c_str(), &info) != 0) continue;
    disk.bytes += static_cast<std::uint64_t>(info.st_blocks) * kBlock;
    if (!S_ISDIR(info.st_mode)) ++disk.files;
  }
  return disk;
}

Result<DiskUse> measure_store(const ContentStore& artifacts, const Clock& clock, Duration most) {
  DiskUse use;
  CAIRN_ASSIGN(const std::vector<StoredArtifact> stored, artifacts.list_with_sizes());
  use.artifacts = stored.size();
  for (const StoredArtifact& artifact : stored) use.artifact_bytes += artifact.bytes;
  std::vector<fs::path> folders;
  std::error_code error;
  fs::directory_iterator entry(artifacts.store_folder() / "runs", error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    folders.push_back(entry->path());
  // Ids grow with time.
  std::ranges::sort(folders, std::greater());
  const Duration began = clock.monotonic();
  for (const fs::path& folder : folders) {
    if (!use.runs.empty() && clock.monotonic() - began >= most) break;
    use.runs.push_back(measure_folder(folder));
  }
  use.unmeasured = folders.size() - use.runs.size();
  std::ranges::stable_sort(use.runs, std::greater(), &RunDisk::bytes);
  return use;
}

}  // namespace cairn
