#include "core/store/store_disk.h"

#include <string_view>
#include <utility>

#include "core/store/inert_file.h"

namespace cairn {
namespace {

using rocksdb::DataVerificationInfo;
using rocksdb::DirFsyncOptions;
using rocksdb::FileLock;
using rocksdb::FileOptions;
using rocksdb::FSDirectory;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

thread_local StoreDisk::Batch* batch_of_this_thread = nullptr;

std::string_view name_of(std::string_view path) {
  return path.substr(path.find_last_of('/') + 1);
}

bool is_log(std::string_view path) {
  return path.ends_with(".log");
}

class StoredFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  StoredFile(StoreDisk& disk, std::unique_ptr<FSWritableFile> file,
             std::shared_ptr<StoreDisk::LogLength> log, bool synced)
      : FSWritableFileOwnerWrapper(std::move(file)),
        disk_(disk),
        log_(std::move(log)),
        synced_(synced) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return grow(data.size(), [&] { return target()->Append(data, options, debug); });
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const DataVerificationInfo& info,
                  IODebugContext* debug) override {
    return grow(data.size(), [&] { return target()->Append(data, options, info, debug); });
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                            IODebugContext* debug) override {
    return disk_.change([&] { return target()->PositionedAppend(data, offset, options, debug); });
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                            const DataVerificationInfo& info, IODebugContext* debug) override {
    return disk_.change(
        [&] { return target()->PositionedAppend(data, offset, options, info, debug); });
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    return disk_.change([&] {
      IOStatus status = target()->Truncate(size, options, debug);
      if (status.ok() && log_) log_->written = size;
      return status;
    });
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return disk_.change([&] { return target()->Close(options, debug); });
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return disk_.change([&] { return target()->Flush(options, debug); });
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    if (!synced_) return {};
    return disk_.change([&] { return target()->Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    if (!synced_) return {};
    return disk_.change([&] { return target()->Fsync(options, debug); });
  }
  IOStatus RangeSync(uint64_t offset, uint64_t bytes, const IOOptions& options,
                     IODebugContext* debug) override {
    return disk_.change([&] { return target()->RangeSync(offset, bytes, options, debug); });
  }
  IOStatus Allocate(uint64_t offset, uint64_t length, const IOOptions& options,
                    IODebugContext* debug) override {
    return disk_.change([&] { return target()->Allocate(offset, length, options, debug); });
  }
  // A file that was allocated ahead is cut to its length when it is closed: that would undo
  // hand_over(). It saves no sync either: the length is metadata all the same.
  void SetPreallocationBlockSize(size_t size) override {
    if (!log_) target()->SetPreallocationBlockSize(size);
  }
  void PrepareWrite(size_t offset, size_t length, const IOOptions& options,
                    IODebugContext* debug) override {
    if (!log_ && !disk_.stopped()) target()->PrepareWrite(offset, length, options, debug);
  }

 private:
  template <typename Change>
  IOStatus grow(std::uint64_t bytes, const Change& make) {
    return disk_.change([&] {
      IOStatus status = make();
      if (status.ok() && log_) log_->written += bytes;
      return status;
    });
  }

  StoreDisk& disk_;
  std::shared_ptr<StoreDisk::LogLength> log_;  // null: no log
  bool synced_;
};

class StoredDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  StoredDirectory(StoreDisk& disk, std::unique_ptr<FSDirectory> directory)
      : FSDirectoryWrapper(std::move(directory)), disk_(disk) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return disk_.change([&] { return FSDirectoryWrapper::Fsync(options, debug); });
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const DirFsyncOptions& how) override {
    return disk_.change(
        [&] { return FSDirectoryWrapper::FsyncWithDirOptions(options, debug, how); });
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return disk_.change([&] { return FSDirectoryWrapper::Close(options, debug); });
  }

 private:
  StoreDisk& disk_;
};

}  // namespace

StoreDisk::Batch::Batch() {
  batch_of_this_thread = this;
}

StoreDisk::Batch::~Batch() {
  batch_of_this_thread = nullptr;
}

StoreDisk::StoreDisk(const std::shared_ptr<rocksdb::FileSystem>& base, std::string folder)
    : FileSystemWrapper(base), folder_(std::move(folder)) {}

std::optional<StoreDisk::Failure> StoreDisk::failure() const {
  if (!stopped_) return std::nullopt;
  const std::lock_guard guard(mutex_);
  return failure_;
}

void StoreDisk::stop(const rocksdb::Status& why) {
  const std::lock_guard guard(mutex_);
  if (!failure_) {
    const std::string text = why.ToString();
    failure_ = Failure{why.IsNoSpace() || text.find("No space left") != std::string::npos ||
                           text.find("quota exceeded") != std::string::npos,
                       text};
  }
  stopped_ = true;
}

StoreDisk::Change::Change() {
  if (!PersistenceBoundary::current()) background_.emplace(Boundary::kStoreBackground);
  note_change("change", "");
}

IOStatus StoreDisk::lose() {
  if (batch_of_this_thread != nullptr) batch_of_this_thread->complete_ = false;
  return {};
}

void StoreDisk::acknowledge() {
  const std::lock_guard guard(mutex_);
  for (const auto& [path, log] : logs_) log->acknowledged = log->written;
}

Result<void> StoreDisk::hand_over() {
  const std::unique_lock no_change_under_way(under_way_);
  const std::lock_guard guard(mutex_);
  for (const auto& [path, log] : logs_) {
    std::uint64_t size = 0;
    if (!target()->GetFileSize(path, {}, &size, nullptr).ok()) continue;  // it was never made
    if (size <= log->acknowledged) continue;
    std::unique_ptr<FSWritableFile> file;
    IOStatus status = target()->ReopenWritableFile(path, {}, &file, nullptr);
    if (status.ok()) status = file->Truncate(log->acknowledged, {}, nullptr);
    if (status.ok()) status = file->Fsync({}, nullptr);
    if (!status.ok()) {
      return make_error(ErrorCode::kIo, "cannot cut off an unfinished batch: " + status.ToString(),
                        "check the disk");
    }
  }
  if (lock_ == nullptr) return {};
  target()->UnlockFile(std::exchange(lock_, nullptr), {}, nullptr).PermitUncheckedError();
  return {};
}

bool StoreDisk::is_mine(const std::string& path) const {
  return path.size() > folder_.size() && path.starts_with(folder_) && path[folder_.size()] == '/';
}

std::shared_ptr<StoreDisk::LogLength> StoreDisk::track(const std::string& path,
                                                       std::uint64_t length) {
  if (!is_log(path)) return nullptr;
  auto log = std::make_shared<LogLength>();
  log->written = length;
  log->acknowledged = length;
  const std::lock_guard guard(mutex_);
  logs_[path] = log;
  return log;
}

IOStatus StoreDisk::hand_out(IOStatus opened, const std::string& path, std::uint64_t length,
                             std::unique_ptr<FSWritableFile>* result) {
  if (!opened.ok()) return opened;
  // It could not be made, and the disk has stopped: nothing is to reach it.
  if (!*result) *result = std::make_unique<InertFile>();
  // Only people and tools read OPTIONS; the database opens without it.
  const bool synced = !name_of(path).starts_with("OPTIONS");
  *result = std::make_unique<StoredFile>(*this, std::move(*result), track(path, length), synced);
  return opened;
}

IOStatus StoreDisk::NewWritableFile(const std::string& path, const FileOptions& options,
                                    std::unique_ptr<FSWritableFile>* result,
                                    IODebugContext* debug) {
  if (!is_mine(path)) return target()->NewWritableFile(path, options, result, debug);
  return hand_out(change([&] { return target()->NewWritableFile(path, options, result, debug); }),
                  path, 0, result);
}

IOStatus StoreDisk::ReopenWritableFile(const std::string& path, const FileOptions& options,
                                       std::unique_ptr<FSWritableFile>* result,
                                       IODebugContext* debug) {
  if (!is_mine(path)) return target()->ReopenWritableFile(path, options, result, debug);
  std::uint64_t length = 0;
  target()->GetFileSize(path, options.io_options, &length, debug).PermitUncheckedError();
  return hand_out(
      change([&] { return target()->ReopenWritableFile(path, options, result, debug); }), path,
      length, result);
}

IOStatus StoreDisk::ReuseWritableFile(const std::string& path, const std::string& old_path,
                                      const FileOptions& options,
                                      std::unique_ptr<FSWritableFile>* result,
                                      IODebugContext* debug) {
  if (!is_mine(path)) return target()->ReuseWritableFile(path, old_path, options, result, debug);
  return hand_out(
      change([&] { return target()->ReuseWritableFile(path, old_path, options, result, debug); }),
      path, 0, result);
}

IOStatus StoreDisk::NewDirectory(const std::string& path, const IOOptions& options,
                                 std::unique_ptr<FSDirectory>* result, IODebugContext* debug) {
  IOStatus status = target()->NewDirectory(path, options, result, debug);
  if (!status.ok() || (path != folder_ && !is_mine(path))) return status;
  *result = std::make_unique<StoredDirectory>(*this, std::move(*result));
  return status;
}

IOStatus StoreDisk::DeleteFile(const std::string& path, const IOOptions& options,
                               IODebugContext* debug) {
  if (!is_mine(path)) return target()->DeleteFile(path, options, debug);
  // A file that stays is no harm: RocksDB deletes it when it opens the next time.
  const Change counted;
  const std::shared_lock under_way(under_way_);
  if (stopped_) return lose();
  IOStatus status = target()->DeleteFile(path, options, debug);
  if (status.ok()) {
    const std::lock_guard guard(mutex_);
    logs_.erase(path);
  }
  return status;
}

IOStatus StoreDisk::CreateDir(const std::string& path, const IOOptions& options,
                              IODebugContext* debug) {
  if (path != folder_) return target()->CreateDir(path, options, debug);
  return change([&] { return target()->CreateDir(path, options, debug); });
}

IOStatus StoreDisk::CreateDirIfMissing(const std::string& path, const IOOptions& options,
                                       IODebugContext* debug) {
  if (path != folder_) return target()->CreateDirIfMissing(path, options, debug);
  return change([&] { return target()->CreateDirIfMissing(path, options, debug); });
}

IOStatus StoreDisk::RenameFile(const std::string& from, const std::string& to,
                               const IOOptions& options, IODebugContext* debug) {
  if (!is_mine(to)) return target()->RenameFile(from, to, options, debug);
  return change([&] { return target()->RenameFile(from, to, options, debug); });
}

IOStatus StoreDisk::LockFile(const std::string& path, const IOOptions& options, FileLock** lock,
                             IODebugContext* debug) {
  IOStatus status = target()->LockFile(path, options, lock, debug);
  if (status.ok()) {
    const std::lock_guard guard(mutex_);
    lock_ = *lock;
  }
  return status;
}

IOStatus StoreDisk::UnlockFile(FileLock* lock, const IOOptions& options, IODebugContext* debug) {
  {
    const std::lock_guard guard(mutex_);
    if (lock != lock_) return {};  // released before
    lock_ = nullptr;
  }
  return target()->UnlockFile(lock, options, debug);
}

}  // namespace cairn
