#include "core/server/socket_path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

namespace cairn {
namespace {

constexpr const char* kSocket = "engine.sock";
constexpr const char* kStoredPath = "engine.sock.path";

bool fits(const fs::path& path) {
  return path.string().size() <= kSocketPathLimit;
}

// Nobody else may listen in our place: the folder is ours alone.
bool is_private_folder(const fs::path& folder) {
  struct stat info {};
  return ::lstat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
         info.st_uid == ::geteuid() && (info.st_mode & 0077) == 0;
}

}  // namespace

Result<fs::path> choose_socket_path(FileSystem& files, const fs::path& state_dir,
                                    const std::optional<fs::path>& runtime_dir) {
  const fs::path folder = fs::absolute(state_dir);
  if (fits(folder / kSocket)) return folder / kSocket;

  if (const fs::path stored = find_socket_path(files, state_dir);
      fits(stored) && is_private_folder(stored.parent_path())) {
    return stored;
  }
  fs::path chosen;
  if (runtime_dir && is_private_folder(*runtime_dir)) {
    const Digest digest = digest_of(folder.string());
    chosen = *runtime_dir / ("cairn-" + std::string(digest_hex(digest).substr(0, 16)) + ".sock");
  }
  if (chosen.empty() || !fits(chosen)) {
    std::error_code error;
    const fs::path temporary = fs::temp_directory_path(error);
    if (error) return io_error("find", "the temporary folder", error.value());
    CAIRN_ASSIGN(const fs::path own, make_private_folder(temporary, "cairn-"));
    chosen = own / kSocket;
  }
  if (!fits(chosen)) {
    return invalid_argument("no folder has a path short enough for the engine's socket: " +
                                chosen.string() + " has more than 107 bytes",
                            "set XDG_RUNTIME_DIR or TMPDIR to a folder with a shorter path");
  }
  CAIRN_TRY(files.write_atomic(folder / kStoredPath, chosen.string()));
  return chosen;
}

fs::path find_socket_path(FileSystem& files, const fs::path& state_dir) {
  const fs::path folder = fs::absolute(state_dir);
  if (fits(folder / kSocket)) return folder / kSocket;
  const auto stored = files.read(folder / kStoredPath);
  return stored.ok() ? fs::path(*stored) : folder / kSocket;
}

}  // namespace cairn
