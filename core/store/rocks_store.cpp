// Keys. Numbers are 8 bytes, big endian, so that byte order is their order.
//
//   m/format             the store's format, as decimal text
//   j/RUN/SEQUENCE       a journal record
//   r/RUN                a run's summary
//   c/KEY                a cache entry
//
// The write-ahead log is synced with every batch. After a crash a record that was cut short at
// its very end is dropped (it was never acknowledged); damage before that refuses to open.
#include "core/store/rocks_store.h"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <mutex>

namespace cairn {
namespace {

constexpr const char* kFormatKey = "m/format";
constexpr const char* kDatabase = "journal";
constexpr const char* kHolder = "holder";

std::string big_endian(std::uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((number >> shift) & 0xff));
  }
  return bytes;
}

std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

std::string journal_prefix(const std::string& run) {
  return "j/" + run + "/";
}

Error from_status(const rocksdb::Status& status, const std::string& doing, const fs::path& folder) {
  const std::string message = "cannot " + doing + " " + folder.string() + ": " + status.ToString();
  if (status.IsNoSpace() || status.ToString().find("No space left") != std::string::npos) {
    return make_error(ErrorCode::kIo, message, "free some space on this disk and resume the run");
  }
  if (status.IsCorruption()) {
    return corrupt(message, "restore the folder from a backup, or choose another --state-dir");
  }
  return make_error(ErrorCode::kIo, message, "check that the folder is writable by this user");
}

rocksdb::Options database_options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.paranoid_checks = true;
  options.keep_log_file_num = 2;
  options.max_open_files = 64;
  options.write_buffer_size = 8U << 20;
  options.max_background_jobs = 2;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  return options;
}

// The exclusive lock on STATE/holder, which names the process that has it.
class HolderLock {
 public:
  static Result<HolderLock> take(const fs::path& folder) {
    const fs::path path = folder / kHolder;
    HolderLock lock;
    lock.fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock.fd_ < 0) return io_error("open", path.string(), errno);
    struct flock wanted = whole_file(F_WRLCK);
    if (::fcntl(lock.fd_, F_OFD_SETLK, &wanted) != 0) {
      if (errno != EAGAIN && errno != EACCES) return io_error("lock", path.string(), errno);
      const std::optional<long> pid = read_pid(lock.fd_);
      return conflict("state folder " + folder.string() + " is in use" +
                          (pid ? " by process " + std::to_string(*pid) : std::string()),
                      "submit to it with `cairn submit`, or choose another --state-dir");
    }
    const std::string text = std::to_string(::getpid()) + "\n";
    if (::ftruncate(lock.fd_, 0) != 0 ||
        ::pwrite(lock.fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
      return io_error("write", path.string(), errno);
    }
    return lock;
  }

  // Who holds the lock; asks without taking it.
  static std::optional<long> holder(const fs::path& folder) {
    HolderLock asking;
    asking.fd_ = ::open((folder / kHolder).c_str(), O_RDONLY | O_CLOEXEC);
    struct flock found = whole_file(F_WRLCK);
    if (asking.fd_ < 0 || ::fcntl(asking.fd_, F_OFD_GETLK, &found) != 0) return std::nullopt;
    return found.l_type == F_UNLCK ? std::nullopt : read_pid(asking.fd_);
  }

  static std::optional<long> read_pid(int fd) {
    char text[32] = {};
    const ssize_t size = ::pread(fd, text, sizeof text - 1, 0);
    long pid = 0;
    if (size <= 0 || std::from_chars(text, text + size, pid).ec != std::errc()) return {};
    return pid;
  }

  HolderLock() = default;
  HolderLock(HolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  HolderLock& operator=(HolderLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~HolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  static struct flock whole_file(short type) {
    struct flock range {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    return range;
  }
  int fd_ = -1;
};

class RocksStore final : public RunStore {
 public:
  RocksStore(fs::path folder, HolderLock lock, std::unique_ptr<rocksdb::DB> database,
             bool read_only)
      : folder_(std::move(folder)),
        lock_(std::move(lock)),
        database_(std::move(database)),
        read_only_(read_only) {}

  // RocksDB asserts when it closes a file that it could not write: after a failed write the
  // database ends with the process.
  ~RocksStore() override {
    if (failure_) static_cast<void>(database_.release());
  }

  // Checks the format, writes it into a new store, finds the last sequence.
  Result<void> prepare() {
    std::string text;
    const rocksdb::Status status = database_->Get({}, kFormatKey, &text);
    if (status.IsNotFound()) {
      if (read_only_) return not_found(folder_.string() + " holds no runs");
      rocksdb::WriteOptions synced;
      synced.sync = true;
      const auto put = database_->Put(synced, kFormatKey, std::to_string(kStoreFormat));
      if (!put.ok()) return from_status(put, "write to", folder_);
    } else if (!status.ok()) {
      return from_status(status, "read", folder_);
    } else {
      std::uint32_t format = 0;
      std::from_chars(text.data(), text.data() + text.size(), format);
      if (format == 0) return corrupt(folder_.string() + " has no valid format: '" + text + "'");
      if (format > kStoreFormat) {
        return invalid_argument("state folder " + folder_.string() + " has format " + text +
                                    ", made by a newer Cairn; this one reads up to " +
                                    std::to_string(kStoreFormat),
                                "use the newer Cairn, or choose another --state-dir");
      }
    }
    const std::unique_ptr<rocksdb::Iterator> it(database_->NewIterator({}));
    for (it->Seek("r/"); it->Valid() && it->key().starts_with("r/"); it->Next()) {
      const std::string run = it->key().ToString().substr(2);
      const std::unique_ptr<rocksdb::Iterator> last(database_->NewIterator({}));
      last->SeekForPrev(journal_prefix(run) + std::string(8, '\xff'));
      if (last->Valid() && last->key().starts_with(journal_prefix(run))) {
        const std::string key = last->key().ToString();
        sequence_ = std::max(
            sequence_,
            from_big_endian(std::string_view(key).substr(key.size() - sizeof(std::uint64_t))));
      }
      if (!last->status().ok()) return from_status(last->status(), "read", folder_);
    }
    if (!it->status().ok()) return from_status(it->status(), "read", folder_);
    return {};
  }

  Result<std::uint64_t> append(const StoreBatch& batch) override {
    if (read_only_) return conflict(folder_.string() + " is open for reading only");
    const std::lock_guard guard(mutex_);
    if (failure_) return *failure_;
    rocksdb::WriteBatch writes;
    std::uint64_t sequence = sequence_;
    for (const auto& record : batch.journal) {
      writes.Put(journal_prefix(record.run) + big_endian(++sequence), record.bytes);
    }
    for (const auto& put : batch.summaries) writes.Put("r/" + put.key, put.bytes);
    for (const auto& put : batch.cache) writes.Put("c/" + put.key, put.bytes);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const rocksdb::Status status = database_->Write(synced, &writes);
    if (!status.ok()) {
      failure_ = from_status(status, "write to", folder_);
      return *failure_;
    }
    const std::uint64_t first = sequence_ + 1;
    sequence_ = sequence;
    return first;
  }

  Result<std::vector<JournalRecord>> read_journal(const std::string& run,
                                                  std::uint64_t after) const override {
    std::string summary;
    const rocksdb::Status known = database_->Get({}, "r/" + run, &summary);
    if (known.IsNotFound()) return not_found("there is no run '" + run + "'");
    if (!known.ok()) return from_status(known, "read", folder_);
    std::vector<JournalRecord> records;
    const std::string prefix = journal_prefix(run);
    const std::unique_ptr<rocksdb::Iterator> it(database_->NewIterator({}));
    for (it->Seek(prefix + big_endian(after + 1)); it->Valid() && it->key().starts_with(prefix);
         it->Next()) {
      const rocksdb::Slice key = it->key();
      const std::string_view number(key.data() + prefix.size(), key.size() - prefix.size());
      records.push_back({from_big_endian(number), it->value().ToString()});
    }
    if (!it->status().ok()) return from_status(it->status(), "read", folder_);
    return records;
  }

  Result<std::vector<RunSummary>> list_runs() const override {
    std::vector<RunSummary> runs;
    const std::unique_ptr<rocksdb::Iterator> it(database_->NewIterator({}));
    for (it->Seek("r/"); it->Valid() && it->key().starts_with("r/"); it->Next()) {
      runs.push_back({it->key().ToString().substr(2), it->value().ToString()});
    }
    if (!it->status().ok()) return from_status(it->status(), "read", folder_);
    return runs;
  }

  Result<std::optional<std::string>> find_cache(const std::string& key) const override {
    std::string bytes;
    const rocksdb::Status status = database_->Get({}, "c/" + key, &bytes);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return from_status(status, "read", folder_);
    return std::optional<std::string>(std::move(bytes));
  }

  std::uint64_t last_sequence() const override {
    const std::lock_guard guard(mutex_);
    return sequence_;
  }

 private:
  fs::path folder_;
  HolderLock lock_;  // released after the database is closed
  std::unique_ptr<rocksdb::DB> database_;
  bool read_only_;
  mutable std::mutex mutex_;
  std::uint64_t sequence_ = 0;
  std::optional<Error> failure_;  // of the first write that failed; none is tried after it
};

// RocksDB asserts, too, when it runs out of space while it opens.
Result<void> require_space(const fs::path& folder) {
  constexpr std::uintmax_t kNeeded = std::uintmax_t{4} << 20;
  std::error_code error;
  const auto space = fs::space(folder, error);
  if (error || space.available >= kNeeded) return {};
  return make_error(ErrorCode::kIo,
                    "no space left for " + folder.string() + ": " +
                        std::to_string(space.available >> 10) + " KiB free, " +
                        std::to_string(kNeeded >> 10) + " KiB needed",
                    "free some space on this disk and resume the run");
}

Result<std::unique_ptr<RunStore>> finish(std::unique_ptr<RocksStore> store) {
  CAIRN_TRY(store->prepare());
  return std::unique_ptr<RunStore>(std::move(store));
}

}  // namespace

Result<std::unique_ptr<RunStore>> open_rocks_store(const fs::path& folder) {
  CAIRN_TRY(real_file_system().make_directories(folder));
  CAIRN_ASSIGN(HolderLock lock, HolderLock::take(folder));
  CAIRN_TRY(require_space(folder));
  rocksdb::DB* database = nullptr;
  const fs::path path = folder / kDatabase;
  const auto status = rocksdb::DB::Open(database_options(), path.string(), &database);
  if (!status.ok()) return from_status(status, "open", path);
  return finish(std::make_unique<RocksStore>(
      folder, std::move(lock), std::unique_ptr<rocksdb::DB>(database), /*read_only=*/false));
}

Result<std::unique_ptr<RunStore>> open_rocks_store_read_only(const fs::path& folder) {
  const fs::path path = folder / kDatabase;
  std::error_code error;
  if (!fs::exists(path / "CURRENT", error)) {
    return not_found(folder.string() + " holds no runs",
                     "start one with `cairn run FILE`, or name another --state-dir");
  }
  rocksdb::Options options = database_options();
  options.create_if_missing = false;
  rocksdb::DB* database = nullptr;
  const auto status = rocksdb::DB::OpenForReadOnly(options, path.string(), &database);
  if (!status.ok()) return from_status(status, "open", path);
  return finish(std::make_unique<RocksStore>(
      folder, HolderLock(), std::unique_ptr<rocksdb::DB>(database), /*read_only=*/true));
}

std::optional<long> store_holder(const fs::path& folder) {
  return HolderLock::holder(folder);
}

}  // namespace cairn
