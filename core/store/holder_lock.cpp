#include "core/store/holder_lock.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "core/base/boundary.h"

namespace cairn {
namespace {

constexpr const char* kHolder = "holder";

std::optional<long> read_pid(const fs::path& path) {
  const auto text = real_file_system().read(path);
  long pid = 0;
  if (!text.ok() ||
      std::from_chars(text->data(), text->data() + text->size(), pid).ec != std::errc())
    return {};
  return pid;
}

}  // namespace

Result<HolderLock> HolderLock::take(const fs::path& folder) {
  const fs::path path = folder / kHolder;
  auto taken = FileLock::try_exclusive(path);
  if (!taken.ok()) {
    if (taken.error().code != ErrorCode::kConflict) return std::move(taken).error();
    const std::optional<long> pid = read_pid(path);
    return conflict("state folder " + folder.string() + " is in use" +
                        (pid ? " by process " + std::to_string(*pid) : std::string()),
                    "submit to it with `cairn submit`, or choose another --state-dir");
  }
  HolderLock lock;
  lock.lock_ = *std::move(taken);
  const int fd = lock.lock_.descriptor();
  note_change("write", path.native());
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return io_error("write", path.string(), errno);
  }
  return lock;
}

std::optional<long> HolderLock::holder(const fs::path& folder) {
  const fs::path path = folder / kHolder;
  return FileLock::is_exclusive(path) ? read_pid(path) : std::nullopt;
}

}  // namespace cairn
