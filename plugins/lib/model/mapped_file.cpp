#include "plugins/lib/model/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace cairn::model {

Result<MappedFile> MappedFile::open(const fs::path& path) {
  // Without O_NONBLOCK a pipe of this name would hang the call.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return io_error("open", path.string(), errno);
  struct stat status {};
  const int stat_error = ::fstat(fd, &status) == 0 ? 0 : errno;
  if (stat_error != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
    ::close(fd);
    if (stat_error != 0) return io_error("inspect", path.string(), stat_error);
    if (!S_ISREG(status.st_mode)) return invalid_argument(path.string() + " is no regular file");
    return MappedFile();
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int map_error = errno;
  ::close(fd);
  if (map == MAP_FAILED) return io_error("map", path.string(), map_error);
  return MappedFile({static_cast<const std::byte*>(map), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace cairn::model
