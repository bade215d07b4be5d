#include "core/artifacts/content_store.h"

#include <algorithm>
#include <cerrno>

namespace cairn {
namespace {

constexpr std::size_t kPrefixDigits = 2;

fs::path digests_folder(const fs::path& store_folder) {
  return store_folder / "artifacts" / "sha256";
}

// Folders stay writable for their owner until they are in place: a folder without the write bit
// cannot be renamed into another parent.
Result<void> set_read_only(const fs::path& path) {
  std::error_code error;
  const auto write = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
  const auto protect = [&](const fs::path& entry) {
    fs::permissions(entry, write, fs::perm_options::remove, error);
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

}  // namespace

fs::path artifact_path(const fs::path& store_folder, const Digest& digest) {
  const std::string hex(digest_hex(digest));
  return digests_folder(store_folder) / hex.substr(0, kPrefixDigits) /
         (hex.size() > kPrefixDigits ? hex.substr(kPrefixDigits) : "");
}

Result<ContentId> ContentStore::publish(const fs::path& source) {
  CAIRN_TRY(files_.sync_tree(source));
  CAIRN_ASSIGN(ContentId id, identify_content(source));
  const fs::path target = path(id.digest);
  if (!is_there(target)) {
    const fs::path parent = target.parent_path();
    if (!is_there(parent)) {
      CAIRN_TRY(files_.make_directories(parent));
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
      fs::permissions(target, fs::perms(0555), error);
      if (error) return io_error("make read-only", target.string(), error.value());
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

bool ContentStore::contains(const Digest& digest) const {
  return is_digest(digest) && is_there(path(digest));
}

Result<ContentId> ContentStore::verify(const Digest& digest) const {
  if (!is_digest(digest)) return invalid_argument("'" + digest + "' is no digest");
  const fs::path place = path(digest);
  if (!is_there(place)) {
    return not_found("artifact " + place.string() + " is missing",
                     "resume the run: the stage that made it runs again");
  }
  CAIRN_ASSIGN(ContentId id, identify_content(place));
  if (id.digest != digest) {
    return corrupt("artifact " + place.string() + " is damaged: its content is " + id.digest,
                   "resume the run: the stage that made it runs again");
  }
  return id;
}

Result<void> ContentStore::set_aside(const Digest& digest) {
  const fs::path place = path(digest);
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
