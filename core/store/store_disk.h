// StoreDisk: the disk as RocksDB sees it. It stops at the first failed change, as if the process
// had been killed there: the change that failed and all later ones do nothing and report success.
// What lies on the disk stays as it was at that moment, so the database can be closed in peace
// (RocksDB asserts when it closes a log that it could not write) and opened anew.
//
// It also knows how much of each log was acknowledged, to cut off a batch that was not.
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>

#include "core/base/boundary.h"
#include "core/base/result.h"

namespace cairn {

// Thread-safe. Changes outside its folder pass through, their failures too.
class StoreDisk final : public rocksdb::FileSystemWrapper {
 public:
  using IOStatus = rocksdb::IOStatus;

  struct Failure {
    bool no_space = false;
    std::string message;
  };

  StoreDisk(const std::shared_ptr<rocksdb::FileSystem>& base, std::string folder);

  // Why it stopped, if it did.
  [[nodiscard]] std::optional<Failure> failure() const;
  // Stops it. The first reason stays.
  void stop(const rocksdb::Status& why);
  [[nodiscard]] bool stopped() const { return stopped_; }

  // One batch, on the thread that writes it.
  class Batch {
   public:
    Batch();
    ~Batch();
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;
    // Every change this thread asked for since was made.
    [[nodiscard]] bool complete() const { return complete_; }

   private:
    friend class StoreDisk;
    bool complete_ = true;
  };
  // All that is in the logs now stays.
  void acknowledge();
  // After stop(): cuts the logs back to what was acknowledged, durably, and lets another open the
  // database.
  [[nodiscard]] Result<void> hand_over();

  [[nodiscard]] const char* Name() const override { return "CairnStoreDisk"; }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           rocksdb::IODebugContext* debug) override;
  IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              rocksdb::IODebugContext* debug) override;
  IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                             const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                             rocksdb::IODebugContext* debug) override;
  IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        rocksdb::IODebugContext* debug) override;
  IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                      rocksdb::IODebugContext* debug) override;
  IOStatus CreateDir(const std::string& path, const rocksdb::IOOptions& options,
                     rocksdb::IODebugContext* debug) override;
  IOStatus CreateDirIfMissing(const std::string& path, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
  IOStatus RenameFile(const std::string& from, const std::string& to,
                      const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override;
  IOStatus LockFile(const std::string& path, const rocksdb::IOOptions& options,
                    rocksdb::FileLock** lock, rocksdb::IODebugContext* debug) override;
  IOStatus UnlockFile(rocksdb::FileLock* lock, const rocksdb::IOOptions& options,
                      rocksdb::IODebugContext* debug) override;

  // For the files it hands out. Makes a change, unless the disk has stopped.
  template <typename Make>
  IOStatus change(const Make& make) {
    const Change counted;
    const std::shared_lock under_way(under_way_);
    if (stopped_) return lose();
    IOStatus status = make();
    if (status.ok()) return status;
    stop(status);
    return lose();
  }

  struct LogLength {
    std::atomic<std::uint64_t> written = 0;
    std::uint64_t acknowledged = 0;
  };

 private:
  // Counts a change. RocksDB's own threads have no boundary, and are given one.
  class Change {
   public:
    Change();

   private:
    std::optional<PersistenceBoundary> background_;
  };

  static IOStatus lose();  // one change that is not made
  [[nodiscard]] bool is_mine(const std::string& path) const;
  std::shared_ptr<LogLength> track(const std::string& path, std::uint64_t length);
  // Wraps what was opened, or stands in for what could not be.
  IOStatus hand_out(IOStatus opened, const std::string& path, std::uint64_t length,
                    std::unique_ptr<rocksdb::FSWritableFile>* result);

  std::string folder_;
  std::atomic<bool> stopped_ = false;
  std::shared_mutex under_way_;  // shared by changes while they are made
  mutable std::mutex mutex_;
  std::optional<Failure> failure_;
  std::map<std::string, std::shared_ptr<LogLength>> logs_;
  rocksdb::FileLock* lock_ = nullptr;
};

}  // namespace cairn
