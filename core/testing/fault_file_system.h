// FaultFileSystem: a FileSystem that fails on command.
#pragma once

#include <atomic>

#include "core/base/files.h"

namespace cairn::testing {

// Counts the changes made through it. Thread-safe as far as the base is.
class FaultFileSystem final : public FileSystem {
 public:
  explicit FaultFileSystem(FileSystem& base = real_file_system()) : base_(base) {}

  // The n-th change from now (1: the next) and all later ones fail with this error number, as on
  // a full (ENOSPC) or broken (EIO) disk. Appended bytes are cut in half first: a torn write.
  void fail_at(int n, int error_number);
  void heal() { until_failure_ = -1; }
  // Syncs do nothing: for tests of many seeds, where no power is ever lost.
  void skip_syncs() { skip_syncs_ = true; }
  [[nodiscard]] int changes() const { return changes_; }

  [[nodiscard]] Result<std::unique_ptr<AppendFile>> open_append(const fs::path& path) override;
  [[nodiscard]] Result<void> truncate(const fs::path& path, std::uint64_t size) override;
  [[nodiscard]] Result<void> write_atomic(const fs::path& path, std::string_view bytes) override;
  [[nodiscard]] Result<void> rename(const fs::path& from, const fs::path& to) override;
  [[nodiscard]] Result<void> make_directories(const fs::path& path) override;
  [[nodiscard]] Result<void> remove_all(const fs::path& path) override;
  [[nodiscard]] Result<void> sync(const fs::path& path) override;
  [[nodiscard]] Result<void> sync_tree(const fs::path& path) override;
  [[nodiscard]] Result<std::string> read(const fs::path& path) override;

  // Counts one change; the error when it shall fail.
  [[nodiscard]] Result<void> change(const std::string& what, const fs::path& path);
  [[nodiscard]] bool skips_syncs() const { return skip_syncs_; }

 private:
  FileSystem& base_;
  std::atomic<int> changes_ = 0;
  std::atomic<int> until_failure_ = -1;  // -1: none is planned
  std::atomic<int> error_number_ = 0;
  std::atomic<bool> skip_syncs_ = false;
};

}  // namespace cairn::testing
