#include "core/store/holder_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "core/base/boundary.h"

namespace cairn {
namespace {

constexpr const char* kHolder = "holder";

struct flock whole_file(short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  return range;
}

std::optional<long> read_pid(int fd) {
  char text[32] = {};
  const ssize_t size = ::pread(fd, text, sizeof text - 1, 0);
  long pid = 0;
  if (size <= 0 || std::from_chars(text, text + size, pid).ec != std::errc()) return {};
  return pid;
}

}  // namespace

Result<HolderLock> HolderLock::take(const fs::path& folder) {
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
  note_change("write", path.native());
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.fd_, 0) != 0 ||
      ::pwrite(lock.fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return io_error("write", path.string(), errno);
  }
  return lock;
}

std::optional<long> HolderLock::holder(const fs::path& folder) {
  HolderLock asking;
  asking.fd_ = ::open((folder / kHolder).c_str(), O_RDONLY | O_CLOEXEC);
  struct flock found = whole_file(F_WRLCK);
  if (asking.fd_ < 0 || ::fcntl(asking.fd_, F_OFD_GETLK, &found) != 0) return std::nullopt;
  return found.l_type == F_UNLCK ? std::nullopt : read_pid(asking.fd_);
}

HolderLock::~HolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace cairn
