#include "core/store/backup.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <vector>

#include "core/base/boundary.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/store/holder_lock.h"
#include "core/store/rocks_store.h"

namespace cairn {
namespace {

constexpr const char* kList = "backup.json";
constexpr const char* kDatabase = "journal";
constexpr std::int64_t kBackupFormat = 1;
constexpr const char* kUnfinished = ".unfinished";

Error damaged(const std::string& what) {
  return corrupt("the backup is damaged: " + what, "use another backup");
}

// The text log and the lock tell nothing about what is stored, and change by being opened.
bool belongs(const TreeEntry& entry) {
  return entry.path != "LOCK" && !entry.path.starts_with("LOG");
}

Result<std::vector<TreeEntry>> files_of(const fs::path& database) {
  CAIRN_ASSIGN(std::vector<TreeEntry> entries, hash_tree(database));
  std::erase_if(entries, [](const TreeEntry& entry) { return !belongs(entry); });
  return entries;
}

BackupInfo info_of(const std::vector<TreeEntry>& entries, std::uint64_t sequence) {
  BackupInfo info{sequence, 0, entries.size()};
  for (const TreeEntry& entry : entries) info.bytes += entry.bytes;
  return info;
}

struct List {
  std::uint64_t sequence = 0;
  std::vector<TreeEntry> files;
};

constexpr std::uintmax_t kListBytes = std::uintmax_t{64} << 20;

// Names of files in one folder, as a store has them: they lead nowhere else, and no two are one on
// a file system that knows no case.
Result<void> check_names(const List& list, const fs::path& path) {
  std::set<std::string> names;
  for (const TreeEntry& entry : list.files) {
    const bool plain = !entry.path.empty() && entry.path.front() != '.' &&
                       std::ranges::all_of(entry.path, [](unsigned char letter) {
                         return letter < 0x80 && (std::isalnum(letter) != 0 || letter == '.' ||
                                                  letter == '-' || letter == '_');
                       });
    if (!plain)
      return damaged(path.string() + " lists '" + printable(entry.path) +
                     "', which is no file of a store");
    std::string folded = entry.path;
    std::ranges::transform(folded, folded.begin(), [](unsigned char letter) {
      return static_cast<char>(std::tolower(letter));
    });
    if (!names.insert(std::move(folded)).second)
      return damaged(path.string() + " lists '" + entry.path + "' twice");
  }
  return {};
}

Result<List> read_list(const fs::path& folder) {
  const fs::path path = folder / kList;
  std::error_code error;
  if (!fs::exists(path, error)) {
    return not_found(folder.string() + " is no backup: it has no " + kList,
                     "name a folder that `cairn backup` made");
  }
  if (!fs::is_regular_file(fs::symlink_status(path, error)))
    return damaged(path.string() + " is no plain file");
  if (fs::file_size(path, error) > kListBytes)
    return damaged(path.string() + " has more than " + format_bytes(kListBytes));
  CAIRN_ASSIGN(const std::string text, real_file_system().read(path));
  const auto parsed = parse_json_object(text);
  if (!parsed.ok()) return damaged(path.string() + ": " + parsed.error().message);
  CAIRN_ASSIGN(const std::int64_t format, get_int(*parsed, "format"));
  if (format > kBackupFormat) {
    return invalid_argument(
        path.string() + " has format " + std::to_string(format) + ", made by a newer Cairn",
        "use the newer Cairn");
  }
  List list;
  CAIRN_ASSIGN(list.sequence, get_uint(*parsed, "sequence"));
  CAIRN_ASSIGN(const json::array* files, get_array(*parsed, "files"));
  for (const json::value& value : *files) {
    const json::array* file = value.if_array();
    if (file == nullptr || file->size() != 3 || !file->at(0).is_string() ||
        !file->at(2).is_string()) {
      return damaged(path.string() + " lists no files");
    }
    TreeEntry entry;
    entry.path = std::string(file->at(0).get_string());
    entry.digest = std::string(file->at(2).get_string());
    boost::system::error_code no_number;
    entry.bytes = file->at(1).to_number<std::uint64_t>(no_number);
    if (no_number) return damaged(path.string() + " lists no sizes");
    list.files.push_back(std::move(entry));
  }
  CAIRN_TRY(check_names(list, path));
  return list;
}

// Before any of it is read: plain files of the sizes that are listed, and no others.
Result<void> check_shape(const List& list, const fs::path& database) {
  std::map<std::string, std::uint64_t> sizes;
  for (const TreeEntry& listed : list.files) sizes[listed.path] = listed.bytes;
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(database, error)))
    return damaged(database.string() + " is no folder");
  for (fs::directory_iterator it(database, error), end; !error && it != end; it.increment(error)) {
    if (!fs::is_regular_file(it->symlink_status(error)))
      return damaged(it->path().string() + " is no plain file");
    TreeEntry entry;
    entry.path = it->path().filename().string();
    if (!belongs(entry)) continue;
    const auto listed = sizes.find(entry.path);
    if (listed == sizes.end()) return damaged(it->path().string() + " does not belong to it");
    if (it->file_size(error) != listed->second)
      return damaged(it->path().string() + " has another size than is listed");
  }
  if (error) return io_error("list", database, error.value());
  return {};
}

// The database is what the list says, and opens.
Result<BackupInfo> check_against(const List& list, const fs::path& folder) {
  const fs::path database = folder / kDatabase;
  std::error_code error;
  if (!fs::exists(database, error)) return damaged(database.string() + " is missing");
  CAIRN_TRY(check_shape(list, database));
  CAIRN_ASSIGN(const std::vector<TreeEntry> found, files_of(database));
  auto it = found.begin();
  for (const TreeEntry& listed : list.files) {
    if (it == found.end() || it->path != listed.path) {
      if (it != found.end() && it->path < listed.path) {
        return damaged((database / it->path).string() + " does not belong to it");
      }
      return damaged((database / listed.path).string() + " is missing");
    }
    if (it->digest != listed.digest || it->bytes != listed.bytes) {
      return damaged((database / listed.path).string() + " does not match its checksum");
    }
    ++it;
  }
  if (it != found.end()) {
    return damaged((database / it->path).string() + " does not belong to it");
  }
  const auto store = open_rocks_store_read_only(folder);
  // A store that was never written is a backup, too.
  if (!store.ok() && (store.error().code != ErrorCode::kNotFound || list.sequence != 0)) {
    return store.error();
  }
  if (store.ok() && (*store)->last_sequence() != list.sequence) {
    return damaged(database.string() + " ends at sequence " +
                   std::to_string((*store)->last_sequence()) + " instead of " +
                   std::to_string(list.sequence));
  }
  return info_of(found, list.sequence);
}

Result<BackupInfo> make_backup(RunStore& store, const fs::path& folder) {
  CAIRN_TRY(store.copy_to(folder.string()));
  std::uint64_t sequence = 0;
  {
    const auto copy = open_rocks_store_read_only(folder);
    if (copy.ok()) sequence = (*copy)->last_sequence();
    if (!copy.ok() && copy.error().code != ErrorCode::kNotFound) return copy.error();
  }
  CAIRN_ASSIGN(const std::vector<TreeEntry> entries, files_of(folder / kDatabase));
  json::array files;
  for (const TreeEntry& entry : entries) {
    files.push_back(json::array{entry.path, entry.bytes, entry.digest});
  }
  const json::object list = {
      {"format", kBackupFormat}, {"sequence", sequence}, {"files", std::move(files)}};
  CAIRN_TRY(real_file_system().write_atomic(folder / kList, pretty_json(list)));
  CAIRN_TRY(real_file_system().sync_tree(folder));
  return info_of(entries, sequence);
}

Result<BackupInfo> install(const List& list, const fs::path& backup, const fs::path& unfinished,
                           const fs::path& state_folder) {
  FileSystem& files = real_file_system();
  CAIRN_TRY(files.make_directories(unfinished / kDatabase));
  std::error_code error;
  for (const TreeEntry& entry : list.files) {
    const fs::path target = unfinished / kDatabase / entry.path;
    CAIRN_TRY(files.make_directories(target.parent_path()));
    fs::copy_file(backup / kDatabase / entry.path, target, error);
    if (error) return io_error("copy to", target, error.value());
  }
  CAIRN_TRY(files.sync_tree(unfinished));
  CAIRN_ASSIGN(BackupInfo info, check_against(list, unfinished));
  CAIRN_TRY(files.rename(unfinished / kDatabase, state_folder / kDatabase));
  return info;
}

}  // namespace

Result<BackupInfo> back_up(RunStore& store, const fs::path& folder) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(folder, error))) {
    return conflict(folder.string() + " exists", "name a folder that does not");
  }
  const PersistenceBoundary boundary(Boundary::kBackupMake);
  FileSystem& files = real_file_system();
  const fs::path unfinished = folder.string() + kUnfinished;
  CAIRN_TRY(files.remove_all(unfinished));  // of one that was killed
  auto info = make_backup(store, unfinished);
  if (info.ok()) {
    CAIRN_TRY(files.rename(unfinished, folder));
    return info;
  }
  static_cast<void>(files.remove_all(unfinished));
  return info;
}

Result<BackupInfo> check_backup(const fs::path& folder) {
  CAIRN_ASSIGN(const List list, read_list(folder));
  return check_against(list, folder);
}

Result<BackupInfo> restore_store(const fs::path& backup, const fs::path& state_folder) {
  CAIRN_ASSIGN(const List list, read_list(backup));
  CAIRN_TRY(check_against(list, backup));
  const PersistenceBoundary boundary(Boundary::kBackupRestore);
  FileSystem& files = real_file_system();
  CAIRN_TRY(files.make_directories(state_folder));
  CAIRN_ASSIGN(const HolderLock lock, HolderLock::take(state_folder));
  std::error_code error;
  if (fs::exists(state_folder / kDatabase, error)) {
    return conflict(state_folder.string() + " has a store already",
                    "name a --state-dir that has none, or move this one away");
  }
  const fs::path unfinished = state_folder / ("restored" + std::string(kUnfinished));
  CAIRN_TRY(files.remove_all(unfinished));
  auto info = install(list, backup, unfinished, state_folder);
  const auto removed = files.remove_all(unfinished);
  if (info.ok() && !removed.ok()) return removed.error();
  return info;
}

}  // namespace cairn
