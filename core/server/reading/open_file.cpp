#include "core/server/reading/open_file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>

#include "core/base/text.h"

namespace cairn {
namespace {

constexpr int kRead = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
constexpr int kFolderOnly = O_PATH | O_DIRECTORY | O_CLOEXEC;
constexpr int kTries = 8;  // a rename next to the path makes openat2 ask for another one

// By its name below the folder: whoever reads it has no business with the rest of the path.
Error refused(std::string_view name, int error_number) {
  const std::string shown = printable(name);
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case ENXIO:
      return not_found("there is no file " + shown);
    case ELOOP:
    case EXDEV:
      return corrupt(shown + " is a link or lies behind one",
                     "links are not followed in what stages have written");
    case ENAMETOOLONG:
      return not_found("there is no file " + shown, "the name is too long for one");
    default:
      return io_error("open", shown, error_number);
  }
}

Result<OpenFile> checked(Fd fd, std::string_view name) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return refused(name, errno);
  if (!S_ISREG(status.st_mode)) return corrupt(printable(name) + " is no file");
  return OpenFile{std::move(fd), static_cast<std::uint64_t>(status.st_size)};
}

Result<Fd> open_folder(const fs::path& folder) {
  Fd fd(::open(folder.c_str(), kFolderOnly));
  if (fd.get() >= 0) return fd;
  if (errno == ENOENT || errno == ENOTDIR)
    return not_found("there is no folder " + folder.filename().string());
  return io_error("open", folder.filename().string(), errno);
}

Error no_such_name(std::string_view name) {
  return invalid_argument("'" + printable(name) + "' names no file of a folder",
                          "write its path within the folder, with '/' between parts");
}

// One openat for each part.
Result<Fd> walk(const fs::path& folder, std::string_view name, int flags) {
  if (!is_file_name_below(name)) return no_such_name(name);
  CAIRN_ASSIGN(Fd at, open_folder(folder));
  const auto parts = split(name, '/');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string part(parts[i]);
    Fd next(
        ::openat(at.get(), part.c_str(), i + 1 < parts.size() ? kFolderOnly | O_NOFOLLOW : flags));
    if (next.get() < 0) {
      const int why = errno;
      // Of a link where a folder should be it says ENOTDIR.
      struct stat status {};
      const bool link = ::fstatat(at.get(), part.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                        S_ISLNK(status.st_mode);
      return refused(name, link ? ELOOP : why);
    }
    at = std::move(next);
  }
  return at;
}

Result<Fd> resolve(const fs::path& folder, std::string_view name, int flags) {
  if (!is_file_name_below(name)) return no_such_name(name);
  CAIRN_ASSIGN(const Fd base, open_folder(folder));
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const std::string text(name);
  for (int tried = 0; tried < kTries; ++tried) {
    Fd fd(static_cast<int>(::syscall(SYS_openat2, base.get(), text.c_str(), &how, sizeof how)));
    if (fd.get() >= 0) return fd;
    if (errno == EAGAIN || errno == EINTR) continue;
    // Old kernels lack it; some sandboxes forbid what they do not know.
    if (errno == ENOSYS || errno == EPERM) return walk(folder, name, flags);
    return refused(name, errno);
  }
  return refused(name, EAGAIN);
}

// STORE/runs, and the way from there.
fs::path store_runs(const TaskFolder& task) {
  return task.root.parent_path().parent_path();
}
std::string name_in_runs(const TaskFolder& task, std::string_view name) {
  return task.root.parent_path().filename().string() + "/" + task.root.filename().string() + "/" +
         std::string(name);
}

}  // namespace

bool is_file_name_below(std::string_view name) {
  if (name.find('\0') != std::string_view::npos || name.find('\\') != std::string_view::npos ||
      !is_valid_utf8(name))
    return false;
  for (const std::string_view part : split(name, '/'))
    if (part.empty() || part == "." || part == "..") return false;
  return true;
}

Result<OpenFile> open_beneath(const fs::path& folder, std::string_view name) {
  CAIRN_ASSIGN(Fd fd, resolve(folder, name, kRead));
  return checked(std::move(fd), name);
}

Result<OpenFile> open_beneath_by_walk(const fs::path& folder, std::string_view name) {
  CAIRN_ASSIGN(Fd fd, walk(folder, name, kRead));
  return checked(std::move(fd), name);
}

Result<Fd> open_folder_beneath(const fs::path& folder, std::string_view name) {
  return resolve(folder, name, kFolderOnly | O_NOFOLLOW);
}

Result<OpenFile> open_task_file(const TaskFolder& task, std::string_view name) {
  return open_beneath(store_runs(task), name_in_runs(task, name));
}

Result<Fd> open_task_folder(const TaskFolder& task, std::string_view name) {
  return open_folder_beneath(store_runs(task), name_in_runs(task, name));
}

Result<std::size_t> read_at(int fd, std::uint64_t offset, char* to, std::size_t size) {
  std::size_t got = 0;
  while (got < size) {
    const ssize_t count = ::pread(fd, to + got, size - got, static_cast<off_t>(offset + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_error("read", "a file of the store", errno);
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  return got;
}

Result<std::string> read_range(int fd, std::uint64_t offset, std::size_t most) {
  std::string bytes(most, '\0');
  CAIRN_ASSIGN(const std::size_t got, read_at(fd, offset, bytes.data(), most));
  bytes.resize(got);
  return bytes;
}

}  // namespace cairn
