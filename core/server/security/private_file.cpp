#include "core/server/security/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/boundary.h"

namespace cairn {
namespace {

constexpr mode_t kOwnerOnly = 0600;

Result<void> check_private(int file, const fs::path& path) {
  struct stat info {};
  if (::fstat(file, &info) != 0) return io_error("inspect", path, errno);
  if (!S_ISREG(info.st_mode)) return conflict(path.string() + " is no plain file", "remove it");
  if (info.st_uid != ::geteuid()) {
    return conflict(path.string() + " belongs to another user",
                    "use a state folder of your own, or remove that file");
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return conflict("others may read or write " + path.string(),
                    "what it holds may be known: remove it, or, if you are sure of it, chmod 600");
  }
  return {};
}

Result<Fd> open_private(const fs::path& path, int flags) {
  Fd file(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, kOwnerOnly));
  if (file.get() < 0) {
    if (errno == ENOENT) return not_found("there is no " + path.string());
    if (errno == ELOOP) return conflict(path.string() + " is a link", "remove it");
    return io_error("open", path, errno);
  }
  CAIRN_TRY(check_private(file.get(), path));
  return file;
}

Result<void> write_all(int file, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<std::string> read_private(const fs::path& path, std::size_t most) {
  CAIRN_ASSIGN(const Fd file, open_private(path, O_RDONLY));
  std::string bytes;
  char buffer[1 << 14];
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", path, errno);
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
    if (bytes.size() > most) return corrupt(path.string() + " is too large", "remove it");
  }
}

Result<void> write_private(const fs::path& path, std::string_view bytes) {
  const PersistenceBoundary boundary(Boundary::kEngineSocket);
  const fs::path beside = path.string() + ".new";
  note_change("write", path.native());
  // Of a writer that died.
  ::unlink(beside.c_str());
  Fd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
  if (file.get() < 0) return io_error("create", beside, errno);
  auto written = write_all(file.get(), bytes, path);
  if (written.ok() && ::fsync(file.get()) != 0) written = io_error("sync", path, errno);
  if (written.ok()) written = real_file_system().rename(beside, path);
  if (!written.ok()) ::unlink(beside.c_str());
  return written;
}

Result<Fd> open_private_log(const fs::path& path) {
  const PersistenceBoundary boundary(Boundary::kEngineSocket);
  note_change("open", path.native());
  return open_private(path, O_WRONLY | O_CREAT | O_APPEND);
}

Result<void> touch_private(const fs::path& path) {
  CAIRN_TRY(open_private_log(path));
  return {};
}

std::optional<PrivateStamp> private_stamp(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  constexpr std::int64_t kSecond = 1'000'000'000;
  return PrivateStamp{info.st_ino, info.st_ctim.tv_sec * kSecond + info.st_ctim.tv_nsec,
                      info.st_size};
}

}  // namespace cairn
