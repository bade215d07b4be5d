#include "core/server/reading/artifact_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "core/base/text.h"

namespace cairn {
namespace {

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kNamesTold = 8;  // of a folder's files, in a hint

// Where artifacts lie, and the way from there: the folder of all is the server's own.
struct Place {
  fs::path base;
  std::string name;
};
Place place_of(const ContentStore& store, const Digest& digest) {
  const fs::path path = store.path(digest);
  const fs::path folder = path.parent_path();
  return {folder.parent_path(), folder.filename().string() + "/" + path.filename().string()};
}

Result<void> check_digest(const Digest& digest) {
  if (is_digest(digest)) return {};
  return invalid_argument("'" + printable(digest) + "' is no digest",
                          "a digest is 'sha256:' and 64 lower-case hex digits");
}

Error no_artifact(const Digest& digest) {
  return not_found("there is no artifact " + digest + " in the store",
                   "gc may have taken it; 'cairn artifacts list' shows what is there");
}

struct Listing {
  std::vector<std::pair<std::string, std::uint64_t>> files;
  std::uint64_t left_out = 0;
  bool more = false;
};

class FolderWalk {
 public:
  explicit FolderWalk(Listing& listing) : listing_(listing) {}

  Result<void> walk(int fd, const std::string& prefix, std::size_t depth) {
    Fd own(::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (own.get() < 0) return io_error("list", prefix.empty() ? "an artifact" : prefix, errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(own.release()), &::closedir);
    if (!folder) return io_error("list", prefix.empty() ? "an artifact" : prefix, errno);
    while (const dirent* entry = ::readdir(folder.get())) {
      const std::string name = static_cast<const char*>(entry->d_name);
      if (name == "." || name == "..") continue;
      if (listing_.files.size() >= kMostFilesListed) {
        listing_.more = true;
        return {};
      }
      CAIRN_TRY(take(::dirfd(folder.get()), name, prefix + name, depth));
    }
    return {};
  }

 private:
  Result<void> take(int folder, const std::string& name, const std::string& path,
                    std::size_t depth) {
    struct stat status {};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
    if (S_ISREG(status.st_mode) && is_valid_utf8(path)) {
      listing_.files.emplace_back(path, static_cast<std::uint64_t>(status.st_size));
      return {};
    }
    if (!S_ISDIR(status.st_mode) || depth >= kDeepest || !is_valid_utf8(path)) {
      ++listing_.left_out;
      return {};
    }
    const Fd below(::openat(folder, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (below.get() < 0) {
      ++listing_.left_out;
      return {};
    }
    return walk(below.get(), path + "/", depth + 1);
  }

  Listing& listing_;
};

// What lies below a folder, by name.
Result<Listing> list_folder(int fd) {
  Listing listing;
  CAIRN_TRY(FolderWalk(listing).walk(fd, "", 0));
  std::ranges::sort(listing.files);
  return listing;
}

// Why what is there cannot be read as a file.
Error no_file(const Place& place, const Digest& digest, std::string_view name) {
  const std::string what =
      name.empty() ? "artifact " + digest : "'" + printable(name) + "' of artifact " + digest;
  const auto folder =
      open_folder_beneath(place.base, place.name + (name.empty() ? "" : "/" + std::string(name)));
  if (!folder.ok())
    return invalid_argument(what + " is a link or no file",
                            "links are not followed in what stages have written");
  const auto listing = list_folder(folder->get());
  std::vector<std::string> names;
  for (std::size_t i = 0; listing.ok() && i < listing->files.size() && i < kNamesTold; ++i)
    names.push_back(
        printable((name.empty() ? "" : std::string(name) + "/") + listing->files[i].first));
  const bool more = listing.ok() && listing->files.size() > kNamesTold;
  return invalid_argument(
      what + " is a folder: say with `file` which of its files is meant",
      names.empty() ? "it holds none" : "it has " + join(names, ", ") + (more ? " and more" : ""));
}

}  // namespace

Result<OpenFile> open_artifact_file(const ContentStore& store, const Digest& digest,
                                    std::string_view name) {
  CAIRN_TRY(check_digest(digest));
  const Place place = place_of(store, digest);
  if (!name.empty() && !is_file_name_below(name))
    return invalid_argument("'" + printable(name) + "' names no file of an artifact",
                            "write its path within the artifact, with '/' between parts");
  auto file =
      open_beneath(place.base, name.empty() ? place.name : place.name + "/" + std::string(name));
  if (file.ok()) return file;
  if (file.error().code == ErrorCode::kCorrupt) return no_file(place, digest, name);
  if (file.error().code != ErrorCode::kNotFound) return file;
  if (!store.contains(digest)) return no_artifact(digest);
  return not_found("artifact " + digest + " has no file '" + printable(name) + "'",
                   "list its files to see what it has");
}

Result<json::object> artifact_files(const ContentStore& store,
                                    const ArtifactFilesRequest& request) {
  CAIRN_TRY(check_digest(request.digest));
  if (request.limit == 0 || request.limit > kMostFilesOnAPage)
    return invalid_argument("a page of " + std::to_string(request.limit) + " files cannot be had",
                            "ask for 1 to " + std::to_string(kMostFilesOnAPage));
  if (!store.contains(request.digest)) return no_artifact(request.digest);
  const Place place = place_of(store, request.digest);
  json::object document{{"digest", request.digest}};
  const auto folder = open_folder_beneath(place.base, place.name);
  if (!folder.ok()) {
    CAIRN_ASSIGN(const OpenFile file, open_artifact_file(store, request.digest, ""));
    document["folder"] = false;
    document["files"] = json::array{json::object{{"name", ""}, {"bytes", file.size}}};
    document["next"] = nullptr;
    return document;
  }
  CAIRN_ASSIGN(const Listing listing, list_folder(folder->get()));
  auto from = listing.files.begin();
  if (!request.after.empty())
    from =
        std::ranges::upper_bound(listing.files, request.after, {},
                                 [](const auto& file) -> const std::string& { return file.first; });
  json::array files;
  for (; from != listing.files.end() && files.size() < request.limit; ++from)
    files.push_back(json::object{{"name", from->first}, {"bytes", from->second}});
  document["folder"] = true;
  document["next"] = from == listing.files.end() || files.empty()
                         ? json::value()
                         : files.back().as_object().at("name");
  document["files"] = std::move(files);
  if (listing.more) document["more"] = true;
  if (listing.left_out > 0) document["left_out"] = listing.left_out;
  return document;
}

}  // namespace cairn
