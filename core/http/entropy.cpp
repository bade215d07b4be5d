#include "core/http/entropy.h"

#include <sys/random.h>

#include <cerrno>

namespace cairn::http {

Result<std::string> system_entropy(std::size_t bytes) {
  constexpr std::size_t kAtOnce = 256;
  if (bytes > kAtOnce) return internal_error("too many random bytes are asked for at once");
  std::string drawn(bytes, '\0');
  ssize_t got = 0;
  do {
    got = ::getrandom(drawn.data(), drawn.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(bytes)) return io_error("draw", "random bytes", errno);
  return drawn;
}

}  // namespace cairn::http
