#include "core/store/rocks_database.h"

#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/base/digest.h"
#include "core/store/log_check.h"
#include "core/store/run_store.h"
#include "core/store/store_keys.h"

namespace cairn {
namespace {

// Each opening starts a log; when there are more, they are folded into a table.
constexpr std::ptrdiff_t kLogsKept = 8;

constexpr std::size_t kIdentityDigits = 8;

// Records of one run come in order: the place of the last one is where the next belongs.
class RunOfRecord final : public rocksdb::SliceTransform {
 public:
  [[nodiscard]] const char* Name() const override { return "CairnRunOfRecord"; }
  [[nodiscard]] rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), key.size() - sizeof(std::uint64_t)};
  }
  [[nodiscard]] bool InDomain(const rocksdb::Slice& key) const override {
    return key.starts_with("j/") && key.size() > sizeof(std::uint64_t);
  }
};

rocksdb::Options database_options(rocksdb::Env& env, const std::string& path, bool read_only) {
  rocksdb::Options options;
  options.env = &env;
  options.create_if_missing = !read_only;
  // What is torn at the very end was never acknowledged; damage before that refuses to open.
  // This mode excludes recycled logs, whose old bytes look like damage.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.paranoid_checks = true;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.max_open_files = 64;
  options.max_file_opening_threads = 1;
  options.max_manifest_file_size = std::uint64_t{4} << 20;
  options.skip_stats_update_on_db_open = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_background_jobs = 2;
  // Also what has to be read again after a crash.
  options.write_buffer_size = std::size_t{8} << 20;
  options.arena_block_size = std::size_t{64} << 10;  // what is in use is known that closely
  options.allow_concurrent_memtable_write = false;   // there is one writer
  options.memtable_insert_with_hint_prefix_extractor = std::make_shared<RunOfRecord>();
  options.level_compaction_dynamic_level_bytes = true;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(std::size_t{8} << 20);
  table.block_size = std::size_t{16} << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  std::vector<std::string> names;
  env.GetChildren(path, &names).PermitUncheckedError();
  options.avoid_flush_during_recovery =
      std::count_if(names.begin(), names.end(),
                    [](const std::string& name) { return name.ends_with(".log"); }) <= kLogsKept;
  return options;
}

}  // namespace

Error from_failure(const StoreDisk::Failure& failure, const fs::path& folder) {
  const std::string message = "cannot write to " + folder.string() + ": " + failure.message;
  return make_error(failure.no_space ? ErrorCode::kResourceExhausted : ErrorCode::kIo, message,
                    failure.no_space ? "free some space on this disk and resume the run"
                                     : "check the disk, and that this user may write the folder");
}

Error from_status(const rocksdb::Status& status, const std::string& doing, const fs::path& folder) {
  const std::string message = "cannot " + doing + " " + folder.string() + ": " + status.ToString();
  if (status.IsCorruption()) {
    return corrupt(message, "restore the folder from a backup, or choose another --state-dir");
  }
  return make_error(ErrorCode::kIo, message,
                    "check the disk, and that this user may use the folder");
}

Result<std::shared_ptr<RocksDatabase>> RocksDatabase::open(
    const fs::path& folder, const std::shared_ptr<rocksdb::FileSystem>& base, bool read_only) {
  const std::string path = (folder / kDatabaseFolder).string();
  auto database = std::make_shared<RocksDatabase>();
  if (!read_only) database->disk = std::make_shared<StoreDisk>(base, path);
  database->env = rocksdb::NewCompositeEnv(
      read_only ? base : std::static_pointer_cast<rocksdb::FileSystem>(database->disk));
  CAIRN_TRY(check_logs(*database->env, path));
  const rocksdb::Options options = database_options(*database->env, path, read_only);
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = read_only ? rocksdb::DB::OpenForReadOnly(options, path, &opened)
                                           : rocksdb::DB::Open(options, path, &opened);
  database->db.reset(opened);
  if (database->disk && database->disk->stopped()) {
    return from_failure(*database->disk->failure(), path);
  }
  if (!status.ok()) return from_status(status, "open", path);
  CAIRN_TRY(database->load(folder));
  return database;
}

Result<void> RocksDatabase::load(const fs::path& folder) {
  using namespace store_keys;
  std::string text;
  rocksdb::Status status = db->GetDbIdentity(text);
  if (!status.ok()) return from_status(status, "read", folder);
  identity = digest_hex(digest_of(text)).substr(0, kIdentityDigits);
  status = db->Get({}, rocksdb::Slice(kFormat), &text);
  if (status.IsNotFound()) return {};
  if (!status.ok()) return from_status(status, "read", folder);
  std::from_chars(text.data(), text.data() + text.size(), format);
  if (format == 0) return corrupt(folder.string() + " has no valid format: '" + text + "'");
  if (format > kStoreFormat) {
    return invalid_argument("state folder " + folder.string() + " has format " + text +
                                ", made by a newer Cairn; this one reads up to " +
                                std::to_string(kStoreFormat),
                            "use the newer Cairn, or choose another --state-dir");
  }
  if (format == 1) return find_last_sequence(folder);
  status = db->Get({}, rocksdb::Slice(kSequence), &text);
  if (status.IsNotFound() || (status.ok() && text.size() != sizeof(std::uint64_t))) {
    return corrupt(folder.string() + " has lost its last sequence",
                   "restore the folder from a backup, or choose another --state-dir");
  }
  if (!status.ok()) return from_status(status, "read", folder);
  sequence = from_big_endian(text);
  return {};
}

// Format 1 did not write it down: the highest of all runs.
Result<void> RocksDatabase::find_last_sequence(const fs::path& folder) {
  using namespace store_keys;
  const std::unique_ptr<rocksdb::Iterator> runs(db->NewIterator({}));
  const std::unique_ptr<rocksdb::Iterator> last(db->NewIterator({}));
  for (runs->Seek(rocksdb::Slice(kSummaries));
       runs->Valid() && runs->key().starts_with(rocksdb::Slice(kSummaries)); runs->Next()) {
    const std::string prefix = journal_prefix(runs->key().ToStringView().substr(kSummaries.size()));
    last->SeekForPrev(prefix + std::string(sizeof(std::uint64_t), '\xff'));
    if (last->Valid() && last->key().starts_with(prefix)) {
      sequence =
          std::max(sequence, from_big_endian(last->key().ToStringView().substr(prefix.size())));
    }
    if (!last->status().ok()) return from_status(last->status(), "read", folder);
  }
  if (!runs->status().ok()) return from_status(runs->status(), "read", folder);
  return {};
}

}  // namespace cairn
