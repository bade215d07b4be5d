#include "core/artifacts/content_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "core/base/boundary.h"
#include "core/base/folder_entries.h"

namespace cairn {
namespace {

constexpr std::size_t kPrefixDigits = 2;

constexpr const char* kRemoved = "removed";

fs::path digests_folder(const fs::path& store_folder) {
  return store_folder / "artifacts" / "sha256";
}

fs::path lock_file(const fs::path& store_folder) {
  return store_folder / "artifacts" / "lock";
}

// Folders stay writable for their owner until they are in place: a folder without the write bit
// cannot be renamed into another parent.
//
// What a run made is its owner's alone.
Result<void> set_read_only(const fs::path& path) {
  std::error_code error;
  const auto taken = fs::perms::owner_write | fs::perms::group_all | fs::perms::others_all;
  const auto protect = [&](const fs::path& entry) {
    fs::permissions(entry, taken, fs::perm_options::remove, error);
  };
  if (fs::is_directory(path, error)) {
    for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
         it.increment(error)) {
      protect(it->path());
      if (error) break;
    }
  } else if (!error) {
    protect(path);
  }
  if (error) return io_error("make read-only", path.string(), error.value());
  return {};
}

Result<void> set_writable(const fs::path& path) {
  std::error_code error;
  fs::permissions(path, fs::perms::owner_all, fs::perm_options::add, error);
  if (fs::is_directory(path, error)) {
    for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
         it.increment(error)) {
      fs::permissions(it->path(), fs::perms::owner_write, fs::perm_options::add, error);
      if (error) break;
    }
  }
  if (error) return io_error("make writable", path.string(), error.value());
  return {};
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

Result<std::uint64_t> size_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    const std::uint64_t bytes = fs::file_size(path, error);
    if (error) return io_error("inspect", path, error.value());
    return bytes;
  }
  std::uint64_t bytes = 0;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file()) bytes += it->file_size(error);
    if (error) break;
  }
  if (error) return io_error("list", path, error.value());
  return bytes;
}

Result<WallTime> modified_at(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return io_error("inspect", path, errno);
  return WallTime(std::chrono::milliseconds(info.st_mtim.tv_sec * std::int64_t{1000} +
                                            info.st_mtim.tv_nsec / 1'000'000));
}

Error missing(const fs::path& place) {
  return not_found("artifact " + place.string() + " is missing",
                   "resume the run: the stage that made it runs again");
}

}  // namespace

fs::path artifact_path(const fs::path& store_folder, const Digest& digest) {
  const std::string hex(digest_hex(digest));
  return digests_folder(store_folder) / hex.substr(0, kPrefixDigits) /
         (hex.size() > kPrefixDigits ? hex.substr(kPrefixDigits) : "");
}

ContentStore::ContentStore(fs::path store_folder, FileSystem& files)
    : store_folder_(std::move(store_folder)),
      files_(files),
      stamps_(std::make_shared<ArtifactStamps>(store_folder_ / "artifacts" / "verified")) {}

Result<ContentId> ContentStore::publish(const fs::path& source, const Claim& claim) {
  const PersistenceBoundary boundary(Boundary::kArtifactPublish);
  CAIRN_TRY(files_.sync_tree(source));
  const auto look = stamp_of(source);
  CAIRN_ASSIGN(ContentId id, identify_content(source));
  const auto lock = FileLock::shared(lock_file(store_folder_));
  // Where there are no locks nobody takes out either while others publish.
  if (!lock.ok() && lock.error().code != ErrorCode::kUnavailable) return lock.error();
  if (claim) CAIRN_TRY(claim(id.digest));
  const fs::path target = path(id.digest);
  if (!is_there(target)) {
    const fs::path parent = target.parent_path();
    if (!is_there(parent)) {
      CAIRN_TRY(files_.make_directories(parent));
      // Ready for the day when the disk is too full to make it.
      CAIRN_TRY(files_.make_directories(store_folder_ / "artifacts" / kRemoved));
      // Every folder on the way may be new.
      for (fs::path folder = parent; folder != store_folder_; folder = folder.parent_path()) {
        CAIRN_TRY(files_.sync(folder));
      }
      CAIRN_TRY(files_.sync(store_folder_));
    }
    CAIRN_TRY(set_read_only(source));
    const auto renamed = files_.rename(source, target);
    if (!renamed.ok() && !is_there(target)) return renamed.error();
    if (renamed.ok() && id.directory) {
      std::error_code error;
      fs::permissions(target, fs::perms(0500), error);
      if (error) return io_error("make read-only", target.string(), error.value());
    }
    const auto stamp = stamp_of(target);
    if (renamed.ok() && look.ok() && stamp.ok() && *look == *stamp) {
      stamps_->record({id, *stamp}, files_);
    }
  } else {
    // Another attempt made it; perhaps it died before its rename was durable.
    CAIRN_TRY(files_.sync(target.parent_path()));
  }
  if (is_there(source)) {
    CAIRN_TRY(set_writable(source));
    CAIRN_TRY(files_.remove_all(source));
  }
  return id;
}

Result<FileLock> ContentStore::close() const {
  const PersistenceBoundary boundary(Boundary::kArtifactRemove);
  return FileLock::exclusive(lock_file(store_folder_));
}

bool ContentStore::contains(const Digest& digest) const {
  return is_digest(digest) && is_there(path(digest));
}

Result<ContentId> ContentStore::verify(const Digest& digest) const {
  if (!is_digest(digest)) return invalid_argument("'" + digest + "' is no digest");
  const fs::path place = path(digest);
  if (!is_there(place)) return missing(place);
  CAIRN_ASSIGN(ContentId id, identify_content(place));
  if (id.digest != digest) {
    return corrupt("artifact " + place.string() + " is damaged: its content is " + id.digest,
                   "resume the run: the stage that made it runs again");
  }
  return id;
}

Result<ContentId> ContentStore::check(const Digest& digest) const {
  if (!contains(digest)) return verify(digest);
  const auto known = stamps_->find(digest);
  if (!known) return verify_and_remember(digest);
  CAIRN_ASSIGN(const std::string stamp, stamp_of(path(digest)));
  return stamp == known->stamp ? known->id : verify_and_remember(digest);
}

Result<ContentId> ContentStore::verify_and_remember(const Digest& digest) const {
  CAIRN_ASSIGN(const std::string before, stamp_of(path(digest)));
  CAIRN_ASSIGN(ContentId id, verify(digest));
  CAIRN_ASSIGN(const std::string after, stamp_of(path(digest)));
  if (before == after) stamps_->record({id, after}, files_);
  return id;
}

Result<void> ContentStore::set_aside(const Digest& digest) {
  const fs::path place = path(digest);
  const PersistenceBoundary boundary(Boundary::kArtifactSetAside);
  const fs::path folder = store_folder_ / "artifacts" / "damaged";
  const fs::path target = folder / std::string(digest_hex(digest));
  CAIRN_TRY(files_.make_directories(folder));
  if (is_there(target)) {
    CAIRN_TRY(set_writable(target));
    CAIRN_TRY(files_.remove_all(target));
  }
  CAIRN_TRY(set_writable(place));
  CAIRN_TRY(files_.rename(place, target));
  return files_.sync(place.parent_path());
}

Result<void> ContentStore::take_out(const Digest& digest) {
  if (!is_digest(digest)) return invalid_argument("'" + digest + "' is no digest");
  const fs::path place = path(digest);
  if (!is_there(place)) return missing(place);
  const PersistenceBoundary boundary(Boundary::kArtifactRemove);
  const fs::path folder = store_folder_ / "artifacts" / kRemoved;
  CAIRN_TRY(files_.make_directories(folder));
  const fs::path gone = folder / std::string(digest_hex(digest));
  if (is_there(gone)) {
    CAIRN_TRY(set_writable(gone));
    CAIRN_TRY(files_.remove_all(gone));
  }
  // A folder is renamed into another parent only with its own write bit.
  std::error_code error;
  fs::permissions(place, fs::perms::owner_write, fs::perm_options::add, error);
  if (error) return io_error("make writable", place, error.value());
  note_change("rename to", gone.native());
  fs::rename(place, gone, error);
  if (error) return io_error("rename " + place.string() + " to", gone, error.value());
  return {};
}

// Bytes go only when the name under which they were an artifact is gone for good.
Result<void> ContentStore::sync_names() {
  std::error_code error;
  const fs::path removed = store_folder_ / "artifacts" / kRemoved;
  if (!is_there(removed) || fs::is_empty(removed, error)) return {};
  CAIRN_ASSIGN(const auto folders, entries_of(digests_folder(store_folder_)));
  for (const fs::path& folder : folders) CAIRN_TRY(files_.sync(folder));
  return {};
}

Result<std::uint64_t> ContentStore::clean_leftovers() {
  const PersistenceBoundary boundary(Boundary::kArtifactClean);
  CAIRN_TRY(sync_names());
  std::uint64_t freed = 0;
  std::vector<fs::path> leftovers;
  const fs::path artifacts = store_folder_ / "artifacts";
  std::error_code error;
  const auto gather = [&](const fs::path& folder, const auto& which) {
    if (!is_there(folder)) return;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      if (which(it->path().filename().string())) leftovers.push_back(it->path());
    }
  };
  gather(artifacts / kRemoved, [](const std::string&) { return true; });
  gather(artifacts, [](const std::string& name) {
    return name == "damaged" || name.find(".tmp-") != std::string::npos;
  });
  if (error) return io_error("list", artifacts, error.value());
  for (const fs::path& leftover : leftovers) {
    CAIRN_TRY(set_writable(leftover));
    CAIRN_ASSIGN(const std::uint64_t bytes, size_of(leftover));
    CAIRN_TRY(files_.remove_all(leftover));
    freed += bytes;
  }
  CAIRN_ASSIGN(const std::vector<Digest> digests, list());
  CAIRN_TRY(stamps_->keep_only(digests, files_));
  return freed;
}

Result<std::uint64_t> ContentStore::bytes_of(const Digest& digest) const {
  if (!contains(digest)) return missing(path(digest));
  return size_of(path(digest));
}

Result<std::vector<StoredArtifact>> ContentStore::list_with_sizes() const {
  CAIRN_ASSIGN(const std::vector<Digest> digests, list());
  std::vector<StoredArtifact> artifacts;
  artifacts.reserve(digests.size());
  for (const Digest& digest : digests) {
    CAIRN_ASSIGN(const std::uint64_t bytes, size_of(path(digest)));
    CAIRN_ASSIGN(const WallTime time, modified_at(path(digest)));
    artifacts.push_back({digest, bytes, time});
  }
  return artifacts;
}

Result<std::vector<Digest>> ContentStore::list() const {
  std::vector<Digest> digests;
  const fs::path root = digests_folder(store_folder_);
  if (!is_there(root)) return digests;
  std::error_code error;
  for (fs::directory_iterator prefix(root, error), end; !error && prefix != end;
       prefix.increment(error)) {
    for (fs::directory_iterator it(prefix->path(), error); !error && it != end;
         it.increment(error)) {
      const Digest digest =
          "sha256:" + prefix->path().filename().string() + it->path().filename().string();
      if (is_digest(digest)) digests.push_back(digest);
    }
    if (error) break;
  }
  if (error) return io_error("list", root.string(), error.value());
  std::sort(digests.begin(), digests.end());
  return digests;
}

}  // namespace cairn
