#include "core/server/access_token.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/base/boundary.h"
#include "core/base/hex.h"
#include "core/base/text.h"

namespace cairn {
namespace {

constexpr std::size_t kBytes = 32;

Result<std::string> draw() {
  std::array<char, kBytes> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return io_error("draw", "a token", errno);
  return hex_of({bytes.data(), bytes.size()});
}

}  // namespace

Result<std::string> read_token(const fs::path& state_dir) {
  const fs::path path = state_dir / "token";
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return io_error("read", path, errno);
    return not_found("there is no " + path.string());
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return conflict("others may read " + path.string(),
                    "remove it, so that a new one is made: the old one may be known");
  }
  CAIRN_ASSIGN(const std::string text, real_file_system().read(path));
  std::string token(trim(text));
  if (token.size() != 2 * kBytes) return corrupt(path.string() + " holds no token", "remove it");
  return token;
}

Result<std::string> make_or_read_token(const fs::path& state_dir) {
  const PersistenceBoundary boundary(Boundary::kEngineSocket);
  const fs::path path = state_dir / "token";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST) return read_token(state_dir);
  if (file < 0) return io_error("create", path, errno);
  note_change("write", path.native());
  const auto token = draw();
  const std::string text = token.value_or("") + "\n";
  const bool written =
      token.ok() && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  const int failure = errno;
  ::close(file);
  if (written) return *token;
  ::unlink(path.c_str());
  return token.ok() ? io_error("write", path, failure) : token.error();
}

}  // namespace cairn
