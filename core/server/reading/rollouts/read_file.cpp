#include "core/server/reading/rollouts/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace cairn::reading {

Result<std::shared_ptr<const ReadFile>> ReadFile::open(const fs::path& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0) {
    if (errno == ENOENT) return not_found(path.string() + " does not exist");
    return io_error("read", path, errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return io_error("read", path, errno);
  if (!S_ISREG(status.st_mode)) return invalid_argument(path.string() + " is no file");
  return std::shared_ptr<const ReadFile>(new ReadFile(path, std::move(file)));
}

Result<void> ReadFile::read_at(std::uint64_t offset, std::span<char> into) const {
  while (!into.empty()) {
    const ssize_t count =
        ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_error("read", path_, errno);
    if (count == 0)
      return corrupt(path_.string() + " ends at byte " + std::to_string(offset) +
                     ", before what is said to lie there");
    offset += static_cast<std::uint64_t>(count);
    into = into.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<std::string> ReadFile::read_at(std::uint64_t offset, std::uint64_t bytes) const {
  CAIRN_ASSIGN(const std::uint64_t whole, size());
  if (offset > whole || bytes > whole - offset)
    return corrupt(path_.string() + " is " + std::to_string(whole) + " bytes long, and " +
                   std::to_string(bytes) + " bytes are said to lie at " + std::to_string(offset));
  std::string text(static_cast<std::size_t>(bytes), '\0');
  CAIRN_TRY(read_at(offset, std::span<char>(text)));
  return text;
}

Result<std::uint64_t> ReadFile::size() const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return io_error("read", path_, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

bool ReadFile::is_at_path() const {
  struct stat mine {};
  struct stat there {};
  return ::fstat(file_.get(), &mine) == 0 && ::lstat(path_.c_str(), &there) == 0 &&
         mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

}  // namespace cairn::reading
