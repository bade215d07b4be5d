// How a failed write is survived: store_disk.h. After it the store is opened anew: for reading at
// once, so that readers see what is durable and nothing else; for writing when there is space.
#include "core/store/rocks_store.h"

#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <mutex>
#include <utility>

#include "core/base/boundary.h"
#include "core/store/holder_lock.h"
#include "core/store/log_check.h"
#include "core/store/rocks_database.h"
#include "core/store/rocks_store_on.h"
#include "core/store/store_keys.h"

namespace cairn {
namespace {

using rocksdb::Slice;
using Database = std::shared_ptr<RocksDatabase>;
using Disk = std::shared_ptr<rocksdb::FileSystem>;

// For a new log, a manifest and the first table.
constexpr std::uint64_t kSpaceNeeded = std::uint64_t{4} << 20;

constexpr std::uint64_t kFoldedAtClosing = std::uint64_t{1} << 20;

Result<void> require_space(const Disk& disk, const fs::path& folder) {
  std::uint64_t free = 0;
  if (!disk->GetFreeSpace(folder.string(), {}, &free, nullptr).ok() || free >= kSpaceNeeded) {
    return {};
  }
  return make_error(ErrorCode::kResourceExhausted,
                    "no space left for " + folder.string() + ": " + std::to_string(free >> 10) +
                        " KiB free, " + std::to_string(kSpaceNeeded >> 10) + " KiB needed",
                    "free some space on this disk and resume the run");
}

class RocksStore final : public RunStore {
 public:
  RocksStore(fs::path folder, HolderLock lock, Disk disk, Database database, bool read_only)
      : folder_(std::move(folder)),
        lock_(std::move(lock)),
        disk_(std::move(disk)),
        database_(std::move(database)),
        read_only_(read_only),
        identity_(database_->identity),
        format_(database_->format),
        sequence_(database_->sequence) {}

  // What lies in a log only must be read again at every opening: more than a little is folded
  // into a table. A failure is none: the log still has it.
  ~RocksStore() override {
    const PersistenceBoundary boundary(Boundary::kStoreClose);
    std::uint64_t bytes = 0;
    if (database_ && database_->disk && !database_->disk->stopped() &&
        database_->db->GetIntProperty(rocksdb::DB::Properties::kCurSizeActiveMemTable, &bytes) &&
        bytes > kFoldedAtClosing) {
      database_->db->Flush({}).PermitUncheckedError();
    }
    database_.reset();
  }

  Result<std::uint64_t> append(const StoreBatch& batch) override {
    if (read_only_) return conflict(folder_.string() + " is open for reading only");
    const std::lock_guard guard(writing_);
    const PersistenceBoundary boundary(Boundary::kStoreAppend);
    if (broken_) return *broken_;
    if (!no_space_ && database_->disk->stopped()) stop_writing({});
    if (broken_) return *broken_;
    if (no_space_) CAIRN_TRY(continue_writing());

    rocksdb::WriteBatch writes;
    const std::uint64_t last = fill(writes, batch);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const StoreDisk::Batch changes;
    const rocksdb::Status status = database_->db->Write(synced, &writes);
    if (!status.ok() || !changes.complete()) {
      stop_writing(status);
      return broken_ ? *broken_ : *no_space_;
    }
    database_->disk->acknowledge();
    format_ = kStoreFormat;
    const std::lock_guard reading(reading_);
    return std::exchange(sequence_, last) + 1;
  }

  Result<void> read_journal(const std::string& run, std::uint64_t after,
                            const OnRecord& on_record) const override {
    CAIRN_ASSIGN(const Database database, current());
    rocksdb::PinnableSlice summary;
    const rocksdb::Status known =
        database->db->Get({}, database->db->DefaultColumnFamily(),
                          store_keys::prefixed(store_keys::kSummaries, run), &summary);
    if (known.IsNotFound()) return not_found("there is no run '" + run + "'");
    if (!known.ok()) return from_status(known, "read", folder_);
    const std::string prefix = store_keys::journal_prefix(run);
    return scan(*database, prefix, after, [&](Slice key, Slice value) {
      return on_record(store_keys::from_big_endian(key.ToStringView()), value.ToStringView());
    });
  }

  Result<std::vector<RunSummary>> list_runs() const override {
    CAIRN_ASSIGN(const Database database, current());
    std::vector<RunSummary> runs;
    CAIRN_TRY(scan(*database, store_keys::kSummaries, {}, [&](Slice key, Slice value) {
      runs.push_back({key.ToString(), value.ToString()});
      return true;
    }));
    return runs;
  }

  Result<std::optional<std::string>> find_snapshot(const std::string& run) const override {
    return find(store_keys::kSnapshots, run);
  }

  Result<std::optional<std::string>> find_cache(const std::string& key) const override {
    return find(store_keys::kCache, key);
  }

  Result<void> read_cache(const OnEntry& on_entry) const override {
    CAIRN_ASSIGN(const Database database, current());
    return scan(*database, store_keys::kCache, {}, [&](Slice key, Slice value) {
      return on_entry(key.ToStringView(), value.ToStringView());
    });
  }

  std::uint64_t last_sequence() const override {
    const std::lock_guard guard(reading_);
    return sequence_;
  }

  std::string identity() const override { return identity_; }

  Result<void> copy_to(const std::string& folder) override {
    CAIRN_ASSIGN(const Database database, current());
    const PersistenceBoundary boundary(Boundary::kStoreCopy);
    std::error_code error;
    if (!fs::create_directories(folder, error)) {
      if (error) return io_error("create folder", folder, error.value());
      return conflict(folder + " exists", "name a folder that does not");
    }
    rocksdb::Checkpoint* made = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(database->db.get(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    const std::string copy = (fs::path(folder) / kDatabaseFolder).string();
    if (status.ok()) status = checkpoint->CreateCheckpoint(copy);
    if (status.ok()) return real_file_system().sync(folder);
    fs::remove_all(folder, error);
    return from_status(status, "copy " + folder_.string() + " to", folder);
  }

  Result<void> verify() override {
    CAIRN_ASSIGN(const Database database, current());
    CAIRN_TRY(check_logs(*database->env, (folder_ / kDatabaseFolder).string()));
    rocksdb::Status status = database->db->VerifyChecksum();
    if (status.ok()) status = database->db->VerifyFileChecksums({});
    if (!status.ok()) return from_status(status, "verify", folder_);
    return {};
  }

 private:
  // Returns the last sequence of the batch.
  std::uint64_t fill(rocksdb::WriteBatch& writes, const StoreBatch& batch) const {
    using namespace store_keys;
    for (const std::string& run : batch.forgotten) {
      const std::string prefix = journal_prefix(run);
      writes.DeleteRange(prefix, end_of(prefix));
      writes.Delete(prefixed(kSummaries, run));
      writes.Delete(prefixed(kSnapshots, run));
    }
    for (const std::string& key : batch.uncached) writes.Delete(prefixed(kCache, key));
    std::uint64_t sequence = sequence_;
    std::string key;
    for (const auto& record : batch.journal) {
      key.assign("j/").append(record.run).push_back('/');
      append_big_endian(key, ++sequence);
      writes.Put(key, record.bytes);
    }
    const auto put_all = [&](std::string_view prefix, const std::vector<StoreBatch::Put>& puts) {
      for (const auto& put : puts) {
        key.assign(prefix).append(put.key);
        writes.Put(key, put.bytes);
      }
    };
    put_all(kSummaries, batch.summaries);
    put_all(kSnapshots, batch.snapshots);
    put_all(kCache, batch.cache);
    if (format_ != kStoreFormat) writes.Put(Slice(kFormat), std::to_string(kStoreFormat));
    if (format_ != kStoreFormat || sequence != sequence_) {
      writes.Put(Slice(kSequence), big_endian(sequence));
    }
    return sequence;
  }

  // After a failed change: no more of them, and nothing that was not acknowledged stays.
  void stop_writing(const rocksdb::Status& status) {
    StoreDisk& disk = *database_->disk;
    disk.stop(status);
    const StoreDisk::Failure failure = *disk.failure();
    const Result<void> handed_over = disk.hand_over();
    Error error = from_failure(failure, folder_);
    if (!handed_over.ok()) error.message += "; " + handed_over.error().message;
    auto reader = RocksDatabase::open(folder_, disk_, /*read_only=*/true);
    if (failure.no_space && handed_over.ok() && reader.ok()) {
      no_space_ = std::move(error);
    } else {
      broken_ = std::move(error);
    }
    replace(reader.ok() ? *std::move(reader) : nullptr);
  }

  Result<void> continue_writing() {
    CAIRN_TRY(require_space(disk_, folder_));
    const PersistenceBoundary boundary(Boundary::kStoreContinue);
    CAIRN_ASSIGN(Database database, RocksDatabase::open(folder_, disk_, /*read_only=*/false));
    if (database->sequence != sequence_) {
      broken_ =
          corrupt(folder_.string() + " ends at sequence " + std::to_string(database->sequence) +
                      " instead of " + std::to_string(sequence_),
                  "restore the folder from a backup");
      return *broken_;
    }
    replace(std::move(database));
    no_space_.reset();
    return {};
  }

  void replace(Database database) {
    // The old one is closed without the lock, by its last reader.
    const std::lock_guard guard(reading_);
    std::swap(database_, database);
  }

  // What readers read from. It stays open as long as they hold it.
  Result<Database> current() const {
    const std::lock_guard guard(reading_);
    if (!database_) {
      return make_error(ErrorCode::kIo, folder_.string() + " cannot be read after a failed write",
                        "check the disk, then open it again");
    }
    return database_;
  }

  Result<std::optional<std::string>> find(std::string_view prefix, const std::string& key) const {
    CAIRN_ASSIGN(const Database database, current());
    std::string bytes;
    const rocksdb::Status status =
        database->db->Get({}, Slice(store_keys::prefixed(prefix, key)), &bytes);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return from_status(status, "read", folder_);
    return std::optional<std::string>(std::move(bytes));
  }

  // Calls back with what starts with the prefix, without the prefix, above the number if there is
  // one, until the callback returns false.
  template <typename OnPair>
  Result<void> scan(const RocksDatabase& database, std::string_view prefix,
                    std::optional<std::uint64_t> above, const OnPair& on_pair) const {
    const std::string end = store_keys::end_of(prefix);
    const Slice bound(end);
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &bound;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> it(database.db->NewIterator(options));
    std::string start(prefix);
    if (above == UINT64_MAX) return {};
    if (above) store_keys::append_big_endian(start, *above + 1);
    for (it->Seek(start); it->Valid(); it->Next()) {
      Slice key = it->key();
      key.remove_prefix(prefix.size());
      if (!on_pair(key, it->value())) break;
    }
    if (!it->status().ok()) return from_status(it->status(), "read", folder_);
    return {};
  }

  fs::path folder_;
  HolderLock lock_;  // released after the database is closed
  Disk disk_;
  std::mutex writing_;
  mutable std::mutex reading_;  // database_ and sequence_; taken after writing_
  Database database_;
  const bool read_only_;
  const std::string identity_;
  // Under writing_:
  std::uint32_t format_;
  std::uint64_t sequence_;
  std::optional<Error> no_space_;  // until there is some
  std::optional<Error> broken_;    // for good
};

}  // namespace

Result<std::unique_ptr<RunStore>> open_rocks_store_on(const fs::path& folder, const Disk& disk) {
  const PersistenceBoundary boundary(Boundary::kStoreOpen);
  CAIRN_TRY(real_file_system().make_directories(folder));
  CAIRN_ASSIGN(HolderLock lock, HolderLock::take(folder));
  CAIRN_TRY(require_space(disk, folder));
  CAIRN_ASSIGN(Database database, RocksDatabase::open(folder, disk, /*read_only=*/false));
  return std::unique_ptr<RunStore>(std::make_unique<RocksStore>(
      folder, std::move(lock), disk, std::move(database), /*read_only=*/false));
}

Result<std::unique_ptr<RunStore>> open_rocks_store_read_only_on(const fs::path& folder,
                                                                const Disk& disk) {
  std::error_code error;
  const Error none = not_found(folder.string() + " holds no runs",
                               "start one with `cairn run FILE`, or name another --state-dir");
  if (!fs::exists(folder / kDatabaseFolder / "CURRENT", error)) return none;
  auto database = RocksDatabase::open(folder, disk, /*read_only=*/true);
  // A writer replaces files while they are being opened: the next try finds the new ones.
  for (int tries = 0; !database.ok() && tries < 3 && HolderLock::holder(folder); ++tries) {
    database = RocksDatabase::open(folder, disk, /*read_only=*/true);
  }
  if (!database.ok()) return std::move(database).error();
  if ((*database)->format == 0) return none;
  return std::unique_ptr<RunStore>(std::make_unique<RocksStore>(
      folder, HolderLock(), disk, *std::move(database), /*read_only=*/true));
}

Result<std::unique_ptr<RunStore>> open_rocks_store(const fs::path& folder) {
  return open_rocks_store_on(folder, rocksdb::FileSystem::Default());
}

Result<std::unique_ptr<RunStore>> open_rocks_store_read_only(const fs::path& folder) {
  return open_rocks_store_read_only_on(folder, rocksdb::FileSystem::Default());
}

std::optional<long> store_holder(const fs::path& folder) {
  return HolderLock::holder(folder);
}

}  // namespace cairn
