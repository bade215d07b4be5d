#include "core/store/testing/fault_disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "core/store/inert_file.h"

namespace cairn::testing {
namespace {

namespace fs = std::filesystem;
using rocksdb::DataVerificationInfo;
using rocksdb::DirFsyncOptions;
using rocksdb::FileOptions;
using rocksdb::FSDirectory;
using rocksdb::FSRandomAccessFile;
using rocksdb::FSSequentialFile;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using Operation = FaultDisk::Operation;

class ReadSequential final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  ReadSequential(FaultDisk& disk, std::string path, std::unique_ptr<FSSequentialFile> file)
      : FSSequentialFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)) {}
  IOStatus Read(size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) override {
    IOStatus status = disk_.check(Operation::kRead, path_);
    return status.ok() ? target()->Read(n, options, result, scratch, debug) : status;
  }

 private:
  FaultDisk& disk_;
  std::string path_;
};

class ReadRandom final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  ReadRandom(FaultDisk& disk, std::string path, std::unique_ptr<FSRandomAccessFile> file)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)) {}
  IOStatus Read(uint64_t offset, size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    IOStatus status = disk_.check(Operation::kRead, path_);
    return status.ok() ? target()->Read(offset, n, options, result, scratch, debug) : status;
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    IOStatus status = disk_.check(Operation::kRead, path_);
    return status.ok() ? target()->MultiRead(requests, count, options, debug) : status;
  }

 private:
  FaultDisk& disk_;
  std::string path_;
};

class Written final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Written(FaultDisk& disk, std::string path, std::unique_ptr<FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    if (!disk_.powered()) return {};
    IOStatus allowed = disk_.check(Operation::kWrite, path_);
    const Slice part = allowed.ok() ? data : Slice(data.data(), data.size() / 2);
    IOStatus status = target()->Append(part, options, debug);
    if (status.ok()) disk_.grew(path_, part.size());
    return allowed.ok() ? status : allowed;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    if (!disk_.powered()) return {};
    IOStatus status = target()->Truncate(size, options, debug);
    if (status.ok()) disk_.cut(path_, size);
    return status;
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    if (!disk_.powered()) return {};
    IOStatus status = disk_.check(Operation::kSync, path_);
    if (status.ok()) disk_.synced(path_);
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }

 private:
  FaultDisk& disk_;
  std::string path_;
};

// Written after the power went: nothing of it is kept.
class Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(FaultDisk& disk, std::string path, std::unique_ptr<FSDirectory> directory)
      : FSDirectoryWrapper(std::move(directory)), disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    if (!disk_.powered()) return {};
    IOStatus status = disk_.check(Operation::kSync, path_);
    if (status.ok()) disk_.synced_directory(path_);
    return status;
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

 private:
  FaultDisk& disk_;
  std::string path_;
};

std::optional<std::string> content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// Not synced and not missed: the text log RocksDB keeps for people.
bool matters(const std::string& path) {
  return !fs::path(path).filename().string().starts_with("LOG");
}

}  // namespace

void FaultDisk::fail(Operation operation, int n, Fault fault, Matches matches) {
  const std::lock_guard guard(mutex_);
  plans_[operation] = {n - 1, fault, std::move(matches), false};
}

void FaultDisk::heal() {
  const std::lock_guard guard(mutex_);
  plans_.clear();
}

int FaultDisk::count(Operation operation) const {
  const std::lock_guard guard(mutex_);
  const auto found = counts_.find(operation);
  return found == counts_.end() ? 0 : found->second;
}

bool FaultDisk::powered() const {
  const std::lock_guard guard(mutex_);
  return powered_;
}

void FaultDisk::lose_power() {
  const std::lock_guard guard(mutex_);
  powered_ = false;
}

void FaultDisk::restore_power(std::uint64_t torn_bytes) {
  const std::lock_guard guard(mutex_);
  std::error_code error;
  for (const auto& [path, rename] : renames_) {
    fs::rename(path, rename.from, error);
    if (rename.replaced) std::ofstream(path, std::ios::binary) << *rename.replaced;
    if (auto file = files_.extract(path)) {
      file.key() = rename.from;
      files_.insert(std::move(file));
    }
  }
  for (const auto& [path, file] : files_) {
    if (!file.named) {
      fs::remove(path, error);
      continue;
    }
    const bool log = path.ends_with(".log");
    const std::uint64_t kept =
        std::min(file.written, file.synced + (log ? torn_bytes : std::uint64_t{0}));
    if (fs::exists(path, error) && kept < fs::file_size(path, error)) {
      fs::resize_file(path, kept, error);
    }
  }
  renames_.clear();
  files_.clear();
  powered_ = true;
}

IOStatus FaultDisk::check(Operation operation, const std::string& path) {
  const std::lock_guard guard(mutex_);
  ++counts_[operation];
  const auto found = plans_.find(operation);
  if (found == plans_.end()) return {};
  Plan& plan = found->second;
  if (plan.matches && !plan.matches(path)) return {};
  if (operation == Operation::kSync && plan.fault == Fault::kNoSpace) {
    // Only bytes that have no place yet need space.
    const auto file = files_.find(path);
    if (file == files_.end() || file->second.written == file->second.synced) return {};
  }
  if (plan.until_failure-- > 0) return {};
  plan.until_failure = 0;
  plan.failing = true;
  return plan.fault == Fault::kNoSpace ? IOStatus::NoSpace("No space left on device", path)
                                       : IOStatus::IOError("Input/output error", path);
}

void FaultDisk::grew(const std::string& path, std::uint64_t bytes) {
  const std::lock_guard guard(mutex_);
  files_[path].written += bytes;
}

void FaultDisk::cut(const std::string& path, std::uint64_t size) {
  const std::lock_guard guard(mutex_);
  File& file = files_[path];
  file.written = size;
  file.synced = std::min(file.synced, size);
}

void FaultDisk::synced(const std::string& path) {
  const std::lock_guard guard(mutex_);
  files_[path].synced = files_[path].written;
}

void FaultDisk::synced_directory(const std::string& path) {
  const std::lock_guard guard(mutex_);
  for (auto& [name, file] : files_) {
    if (fs::path(name).parent_path() == path) file.named = true;
  }
  std::erase_if(renames_,
                [&](const auto& entry) { return fs::path(entry.first).parent_path() == path; });
}

IOStatus FaultDisk::NewSequentialFile(const std::string& path, const FileOptions& options,
                                      std::unique_ptr<FSSequentialFile>* result,
                                      IODebugContext* debug) {
  IOStatus status = target()->NewSequentialFile(path, options, result, debug);
  if (status.ok()) *result = std::make_unique<ReadSequential>(*this, path, std::move(*result));
  return status;
}

IOStatus FaultDisk::NewRandomAccessFile(const std::string& path, const FileOptions& options,
                                        std::unique_ptr<FSRandomAccessFile>* result,
                                        IODebugContext* debug) {
  IOStatus status = target()->NewRandomAccessFile(path, options, result, debug);
  if (status.ok()) *result = std::make_unique<ReadRandom>(*this, path, std::move(*result));
  return status;
}

IOStatus FaultDisk::NewWritableFile(const std::string& path, const FileOptions& options,
                                    std::unique_ptr<FSWritableFile>* result,
                                    IODebugContext* debug) {
  if (!powered()) {
    *result = std::make_unique<InertFile>();
    return {};
  }
  IOStatus status = check(Operation::kWrite, path);
  if (status.ok()) status = target()->NewWritableFile(path, options, result, debug);
  if (!status.ok()) return status;
  *result = std::make_unique<Written>(*this, path, std::move(*result));
  const std::lock_guard guard(mutex_);
  if (matters(path)) files_[path] = {};
  return status;
}

IOStatus FaultDisk::ReopenWritableFile(const std::string& path, const FileOptions& options,
                                       std::unique_ptr<FSWritableFile>* result,
                                       IODebugContext* debug) {
  if (!powered()) {
    *result = std::make_unique<InertFile>();
    return {};
  }
  IOStatus status = target()->ReopenWritableFile(path, options, result, debug);
  if (!status.ok()) return status;
  *result = std::make_unique<Written>(*this, path, std::move(*result));
  std::error_code error;
  const std::uint64_t size = fs::file_size(path, error);
  const std::lock_guard guard(mutex_);
  // Known from before or not: what was there stays.
  files_.try_emplace(path, File{size, size, true});
  return status;
}

IOStatus FaultDisk::NewDirectory(const std::string& path, const IOOptions& options,
                                 std::unique_ptr<FSDirectory>* result, IODebugContext* debug) {
  IOStatus status = target()->NewDirectory(path, options, result, debug);
  if (status.ok()) *result = std::make_unique<Directory>(*this, path, std::move(*result));
  return status;
}

IOStatus FaultDisk::DeleteFile(const std::string& path, const IOOptions& options,
                               IODebugContext* debug) {
  if (!powered()) return {};
  IOStatus status = target()->DeleteFile(path, options, debug);
  const std::lock_guard guard(mutex_);
  if (status.ok()) files_.erase(path);
  return status;
}

IOStatus FaultDisk::RenameFile(const std::string& from, const std::string& to,
                               const IOOptions& options, IODebugContext* debug) {
  if (!powered()) return {};
  IOStatus status = check(Operation::kWrite, to);
  if (!status.ok()) return status;
  std::optional<std::string> replaced = content_of(to);
  status = target()->RenameFile(from, to, options, debug);
  if (!status.ok() || !matters(to)) return status;
  const std::lock_guard guard(mutex_);
  renames_.try_emplace(to, Rename{from, std::move(replaced)});
  if (auto file = files_.extract(from)) {
    file.key() = to;
    files_.erase(to);
    files_.insert(std::move(file));
  }
  return status;
}

IOStatus FaultDisk::GetFreeSpace(const std::string& path, const IOOptions& options, uint64_t* bytes,
                                 IODebugContext* debug) {
  {
    const std::lock_guard guard(mutex_);
    const auto found = plans_.find(Operation::kWrite);
    if (found != plans_.end() && found->second.failing && found->second.fault == Fault::kNoSpace) {
      *bytes = 0;
      return {};
    }
  }
  return target()->GetFreeSpace(path, options, bytes, debug);
}

}  // namespace cairn::testing
