#include "core/plugin/manifest_cache.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include "core/base/boundary.h"
#include "core/base/log.h"
#include "core/base/quantity.h"
#include "core/plugin/describe.h"
#include "core/plugin/gates.h"

namespace cairn {
namespace {

// What tells that a file is the one seen before, without reading it.
struct Stamp {
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  std::int64_t inode = 0;
  bool operator==(const Stamp&) const = default;
};

struct CacheEntry {
  Stamp stamp;
  Digest digest;
  std::optional<LibraryManifest> manifest;  // absent: only the digest is known
};

Result<Stamp> stamp_of(const fs::path& library) {
  struct stat info {};
  if (::stat(library.c_str(), &info) != 0) return io_error("inspect", library, errno);
  const auto nanoseconds = [](const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return Stamp{info.st_size, nanoseconds(info.st_mtim), nanoseconds(info.st_ctim),
               static_cast<std::int64_t>(info.st_ino)};
}

json::object to_json(const CacheEntry& entry, const fs::path& library) {
  json::object object{{"path", library.string()},
                      {"size", entry.stamp.size},
                      {"modified_ns", entry.stamp.modified_ns},
                      {"changed_ns", entry.stamp.changed_ns},
                      {"inode", entry.stamp.inode},
                      {"digest", entry.digest}};
  if (entry.manifest) object["manifest"] = cairn::to_json(*entry.manifest);
  return object;
}

Result<CacheEntry> cache_entry_from_json(const json::object& object) {
  CacheEntry entry;
  CAIRN_ASSIGN(entry.stamp.size, get_int(object, "size"));
  CAIRN_ASSIGN(entry.stamp.modified_ns, get_int(object, "modified_ns"));
  CAIRN_ASSIGN(entry.stamp.changed_ns, get_int(object, "changed_ns"));
  CAIRN_ASSIGN(entry.stamp.inode, get_int(object, "inode"));
  CAIRN_ASSIGN(entry.digest, get_string(object, "digest"));
  if (object.contains("manifest")) {
    CAIRN_ASSIGN(const json::object* manifest, get_object(object, "manifest"));
    CAIRN_ASSIGN(entry.manifest, library_manifest_from_json(*manifest));
  }
  return entry;
}

// The same comparison as at load time, before anything runs.
Result<LibraryManifest> accept(LibraryManifest manifest, const fs::path& library) {
  auto checked = check_plugin_build(manifest.build);
  if (!checked.ok()) return with_context(std::move(checked).error(), library.string());
  manifest.library = library;
  return manifest;
}

Result<json::object> read_object(const fs::path& path) {
  CAIRN_ASSIGN(const std::string text, real_file_system().read(path));
  return parse_json_object(text);
}

fs::path cache_path(const fs::path& folder, const fs::path& library) {
  return folder / (std::string(digest_hex(digest_of(library.string()))) + ".json");
}

// A cache entry that cannot be read is one that is not there: it is made again.
std::optional<CacheEntry> load_entry(const fs::path& folder, const fs::path& library) {
  if (folder.empty()) return std::nullopt;
  const auto object = read_object(cache_path(folder, library));
  if (!object.ok()) return std::nullopt;
  auto entry = cache_entry_from_json(*object);
  if (!entry.ok()) return std::nullopt;
  return std::move(entry).value();
}

Result<void> store_entry(const fs::path& folder, const fs::path& library, const CacheEntry& entry) {
  const PersistenceBoundary boundary(Boundary::kPluginManifest);
  CAIRN_TRY(real_file_system().make_directories(folder));
  return real_file_system().write_atomic(cache_path(folder, library),
                                         pretty_json(to_json(entry, library)));
}

void keep_entry(const fs::path& folder, const fs::path& library, const CacheEntry& entry) {
  if (folder.empty()) return;
  const auto stored = store_entry(folder, library, entry);
  if (!stored.ok())
    spdlog::debug("the manifest of {} is not cached: {}", library.string(),
                  stored.error().to_string());
}

}  // namespace

fs::path manifest_path(const fs::path& library) {
  return library.string() + ".manifest";
}

fs::path ManifestCache::default_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && cache[0] == '/')
    return fs::path(cache) / "cairn/manifests";
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
    return fs::path(home) / ".cache/cairn/manifests";
  return {};
}

ManifestCache::Options ManifestCache::default_options(fs::path describe_program) {
  Options options;
  options.folder = default_folder();
  options.describe_program = std::move(describe_program);
  if (const char* text = std::getenv("CAIRN_DESCRIBE_TIMEOUT"); text != nullptr) {
    if (const auto timeout = parse_duration(text); timeout.ok()) {
      options.describe_timeout = *timeout;
    } else {
      spdlog::warn("CAIRN_DESCRIBE_TIMEOUT is ignored: {}", timeout.error().to_string());
    }
  }
  return options;
}

Result<LibraryManifest> ManifestCache::manifest_of(const fs::path& library) const {
  CAIRN_TRY(check_plugin_permissions(library));
  CAIRN_ASSIGN(const Stamp stamp, stamp_of(library));
  auto cached = load_entry(options_.folder, library);
  const bool known = cached && cached->stamp == stamp;
  CacheEntry entry;
  if (known) {
    entry = *cached;
  } else {
    CAIRN_ASSIGN(entry.digest, hash_file(library));
    if (cached && cached->digest == entry.digest) entry.manifest = std::move(cached->manifest);
    entry.stamp = stamp;
  }

  if (const auto object = read_object(manifest_path(library)); object.ok()) {
    auto beside = library_manifest_from_json(*object);
    if (beside.ok() && beside->digest == entry.digest) {
      if (!known) keep_entry(options_.folder, library, entry);
      return accept(*std::move(beside), library);
    }
  }
  if (!entry.manifest || entry.manifest->digest != entry.digest) {
    if (options_.describe_program.empty())
      return not_found(library.string() + " has no manifest that matches it",
                       "run cairn-host --describe " + library.string() + " --write");
    // The child passes them, too; here they cost no process.
    CAIRN_TRY(pass_plugin_gates(library));
    CAIRN_ASSIGN(entry.manifest,
                 describe_in_child(library, options_.describe_program, options_.describe_timeout));
    entry.digest = entry.manifest->digest;
  }
  if (!known || !cached || !cached->manifest) keep_entry(options_.folder, library, entry);
  return accept(*std::move(entry.manifest), library);
}

}  // namespace cairn
