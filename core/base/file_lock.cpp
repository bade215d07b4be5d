#include "core/base/file_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/boundary.h"

namespace cairn {
namespace {

int open_or_make(const fs::path& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd >= 0 || errno != ENOENT) return fd;
  std::error_code error;
  note_change("make", path.native());
  fs::create_directories(path.parent_path(), error);
  return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
}

struct flock whole_file(short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  return range;
}

}  // namespace

Result<FileLock> FileLock::take(const fs::path& path, short type, int command) {
  FileLock lock;
  lock.fd_ = open_or_make(path);
  if (lock.fd_ < 0) return io_error("open", path, errno);
  struct flock range = whole_file(type);
  int failure = 0;
  do {
    failure = ::fcntl(lock.fd_, command, &range) == 0 ? 0 : errno;
  } while (failure == EINTR);
  if (failure == 0) return lock;
  if (failure == EAGAIN || failure == EACCES) return conflict(path.string() + " is locked");
  if (failure == ENOLCK || failure == ENOSYS || failure == EOPNOTSUPP || failure == EINVAL) {
    return make_error(ErrorCode::kUnavailable, path.string() + " lies where files cannot be locked",
                      "mount that file system with locks");
  }
  return io_error("lock", path, failure);
}

Result<FileLock> FileLock::shared(const fs::path& path) {
  return take(path, F_RDLCK, F_OFD_SETLKW);
}

Result<FileLock> FileLock::exclusive(const fs::path& path) {
  return take(path, F_WRLCK, F_OFD_SETLKW);
}

Result<FileLock> FileLock::try_exclusive(const fs::path& path) {
  return take(path, F_WRLCK, F_OFD_SETLK);
}

bool FileLock::is_exclusive(const fs::path& path) {
  FileLock asking;
  asking.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  // One that would be shared meets an exclusive one only.
  struct flock found = whole_file(F_RDLCK);
  return asking.fd_ >= 0 && ::fcntl(asking.fd_, F_OFD_GETLK, &found) == 0 &&
         found.l_type != F_UNLCK;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace cairn
