#include "core/server/access_token.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/boundary.h"
#include "core/base/hex.h"
#include "core/base/text.h"
#include "core/http/entropy.h"
#include "core/server/security/private_file.h"

namespace cairn {
namespace {

constexpr std::size_t kBytes = 32;
constexpr std::size_t kMostBytes = 4096;

Result<std::string> draw() {
  CAIRN_ASSIGN(const std::string bytes, http::system_entropy(kBytes));
  return hex_of(bytes);
}

}  // namespace

Result<std::string> read_token(const fs::path& state_dir) {
  const fs::path path = state_dir / "token";
  CAIRN_ASSIGN(const std::string text, read_private(path, kMostBytes));
  std::string token(trim(text));
  if (token.size() != 2 * kBytes ||
      token.find_first_not_of("0123456789abcdef") != std::string::npos)
    return corrupt(path.string() + " holds no token", "remove it");
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
