// FaultDisk: a file system for RocksDB that fills, breaks or loses power on command.
#pragma once

#include <rocksdb/file_system.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace cairn::testing {

// Thread-safe. Keeps its files on the machine's own file system; what is synced it only notes.
class FaultDisk final : public rocksdb::FileSystemWrapper {
 public:
  using IOStatus = rocksdb::IOStatus;
  enum class Fault { kNoSpace, kBroken };
  enum class Operation { kWrite, kSync, kRead };
  // Whether a fault hits this file; empty: every file.
  using Matches = std::function<bool(const std::string& path)>;

  FaultDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  // The n-th operation of this kind from now (1: the next) and all later ones fail, until heal().
  // kWrite: making, writing and renaming files. Half of what a failing write was given is written
  // first. Shrinking a file, and opening one that exists, need no space and work.
  void fail(Operation operation, int n, Fault fault, Matches matches = {});
  void heal();
  [[nodiscard]] int count(Operation operation) const;

  // The power goes: from now nothing changes, and every change seems to work.
  void lose_power();
  // It is back. What was not synced is gone: bytes, but for the first torn_bytes of each log;
  // new names; renames. Every database on this disk must be closed before.
  void restore_power(std::uint64_t torn_bytes = 0);

  [[nodiscard]] const char* Name() const override { return "CairnFaultDisk"; }

  IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             rocksdb::IODebugContext* debug) override;
  IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               rocksdb::IODebugContext* debug) override;
  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           rocksdb::IODebugContext* debug) override;
  IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              rocksdb::IODebugContext* debug) override;
  IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        rocksdb::IODebugContext* debug) override;
  IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                      rocksdb::IODebugContext* debug) override;
  IOStatus RenameFile(const std::string& from, const std::string& to,
                      const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override;
  IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, uint64_t* bytes,
                        rocksdb::IODebugContext* debug) override;

  // For the files it hands out.
  IOStatus check(Operation operation, const std::string& path);
  [[nodiscard]] bool powered() const;
  void grew(const std::string& path, std::uint64_t bytes);
  void cut(const std::string& path, std::uint64_t size);
  void synced(const std::string& path);
  void synced_directory(const std::string& path);

 private:
  struct Plan {
    int until_failure = 0;
    Fault fault = Fault::kBroken;
    Matches matches;
    bool failing = false;
  };
  struct File {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
    bool named = false;  // its folder was synced
  };
  struct Rename {
    std::string from;
    std::optional<std::string> replaced;  // what the name stood for
  };

  mutable std::mutex mutex_;
  std::map<Operation, Plan> plans_;
  std::map<Operation, int> counts_;
  std::map<std::string, File> files_;
  std::map<std::string, Rename> renames_;  // not yet durable; key: the new name
  bool powered_ = true;
};

}  // namespace cairn::testing
