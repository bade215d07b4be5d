// CheckpointFolder: the checkpoints of one task, each complete or not there.
//
// FOLDER/STEP/ holds the stage's files and manifest.json: {"format","step","files":[{"path",
// "bytes","digest"}]}. A checkpoint is written to a temporary folder, synced, and renamed; only
// then are older ones removed. One that does not match its manifest is moved to STEP.damaged.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/base/digest.h"
#include "core/base/files.h"
#include "core/base/result.h"
#include "core/sdk/context.h"

namespace cairn {

// Not thread-safe; one process writes a folder at a time.
class CheckpointFolder {
 public:
  struct Saved {
    std::int64_t step = 0;
    Digest digest;  // of manifest.json's bytes
  };
  struct Newest {
    std::optional<StageCheckpoint> checkpoint;
    std::vector<Error> damaged;  // newer ones that did not verify, newest first
  };

  // keep: how many checkpoints stay after a save, at least 1.
  CheckpointFolder(FileSystem& files, fs::path folder, std::size_t keep = 2)
      : files_(files), folder_(std::move(folder)), keep_(keep) {}

  // write fills an empty folder. Checkpoints of the same or of later steps belong to a course that
  // was left and are removed.
  [[nodiscard]] Result<Saved> save(
      std::int64_t step, const std::function<Result<void>(const fs::path& folder)>& write);
  [[nodiscard]] Result<Newest> newest();
  // Removes the checkpoints of later steps: a course that shall not be taken again.
  [[nodiscard]] Result<void> remove_after(std::int64_t step);
  // Complete ones, ascending; not verified.
  [[nodiscard]] Result<std::vector<std::int64_t>> steps() const;

 private:
  [[nodiscard]] fs::path step_folder(std::int64_t step) const;
  [[nodiscard]] Result<void> remove_others(std::int64_t saved);
  FileSystem& files_;
  fs::path folder_;
  std::size_t keep_;
};

// Compares a checkpoint's files with its manifest.
[[nodiscard]] Result<void> verify_checkpoint(FileSystem& files, const fs::path& folder,
                                             std::int64_t step);

}  // namespace cairn
