#include "core/testing/fault_file_system.h"

namespace cairn::testing {
namespace {

class FaultAppendFile final : public AppendFile {
 public:
  FaultAppendFile(FaultFileSystem& files, std::unique_ptr<AppendFile> base, fs::path path)
      : files_(files), base_(std::move(base)), path_(std::move(path)) {}

  Result<void> append(std::string_view bytes) override {
    if (auto allowed = files_.change("write", path_); !allowed.ok()) {
      CAIRN_TRY(base_->append(bytes.substr(0, bytes.size() / 2)));
      return allowed;
    }
    return base_->append(bytes);
  }
  Result<void> sync() override {
    CAIRN_TRY(files_.change("sync", path_));
    if (files_.skips_syncs()) return {};
    return base_->sync();
  }
  std::uint64_t size() const override { return base_->size(); }

 private:
  FaultFileSystem& files_;
  std::unique_ptr<AppendFile> base_;
  fs::path path_;
};

}  // namespace

void FaultFileSystem::fail_at(int n, int error_number) {
  error_number_ = error_number;
  until_failure_ = n - 1;
}

Result<void> FaultFileSystem::change(const std::string& what, const fs::path& path) {
  ++changes_;
  if (until_failure_ < 0) return {};
  if (until_failure_ == 0) return io_error(what, path.string(), error_number_);
  --until_failure_;
  return {};
}

Result<std::unique_ptr<AppendFile>> FaultFileSystem::open_append(const fs::path& path) {
  CAIRN_TRY(change("open", path));
  CAIRN_ASSIGN(std::unique_ptr<AppendFile> file, base_.open_append(path));
  return std::unique_ptr<AppendFile>(
      std::make_unique<FaultAppendFile>(*this, std::move(file), path));
}

Result<void> FaultFileSystem::truncate(const fs::path& path, std::uint64_t size) {
  CAIRN_TRY(change("truncate", path));
  return base_.truncate(path, size);
}

Result<void> FaultFileSystem::write_atomic(const fs::path& path, std::string_view bytes) {
  CAIRN_TRY(change("write", path));
  return base_.write_atomic(path, bytes);
}

Result<void> FaultFileSystem::rename(const fs::path& from, const fs::path& to) {
  CAIRN_TRY(change("rename " + from.string() + " to", to));
  return base_.rename(from, to);
}

Result<void> FaultFileSystem::make_directories(const fs::path& path) {
  CAIRN_TRY(change("create folder", path));
  return base_.make_directories(path);
}

Result<void> FaultFileSystem::remove_all(const fs::path& path) {
  CAIRN_TRY(change("remove", path));
  return base_.remove_all(path);
}

Result<void> FaultFileSystem::sync(const fs::path& path) {
  CAIRN_TRY(change("sync", path));
  return skip_syncs_ ? Result<void>() : base_.sync(path);
}

Result<void> FaultFileSystem::sync_tree(const fs::path& path) {
  CAIRN_TRY(change("sync", path));
  return skip_syncs_ ? Result<void>() : base_.sync_tree(path);
}

Result<std::string> FaultFileSystem::read(const fs::path& path) {
  return base_.read(path);
}

}  // namespace cairn::testing
