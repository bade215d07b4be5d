#include "core/host/output_capture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "core/host/process_guard.h"

namespace cairn::host {
namespace {

// More than that is not kept of what was printed outside of attempts.
constexpr std::uint64_t kOutsideBytes = 1 << 20;

Result<int> open_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("open", path, errno);
  return fd;
}

}  // namespace

OutputCapture::~OutputCapture() {
  if (host_ >= 0) ::close(host_);
  if (attempt_ >= 0) ::close(attempt_);
}

Result<void> OutputCapture::open(const fs::path& file) {
  const std::lock_guard lock(mutex_);
  CAIRN_ASSIGN(host_, open_file(file));
  point_to(host_);
  return {};
}

void OutputCapture::point_to(int fd) {
  ::dup2(fd, STDOUT_FILENO);
  ::dup2(fd, STDERR_FILENO);
}

std::uint64_t OutputCapture::size() const {
  struct stat info {};
  return ::fstat(host_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

void OutputCapture::begin() {
  stage_runs(true);
  const std::lock_guard lock(mutex_);
  if (host_ < 0) return;
  within_ = true;
  begin_ = size();
  if (begin_ > kOutsideBytes && ::ftruncate(host_, 0) == 0) begin_ = 0;
}

Result<void> OutputCapture::copy(int to, std::uint64_t from) {
  std::array<char, 1 << 16> buffer;
  for (auto at = static_cast<off_t>(from);;) {
    const ssize_t got = ::pread(host_, buffer.data(), buffer.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", "the host's output", errno);
    if (got == 0) return {};
    at += got;
    for (const char* next = buffer.data(); next < buffer.data() + got;) {
      const ssize_t written =
          ::write(to, next, static_cast<std::size_t>(buffer.data() + got - next));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return io_error("write", "the attempt's output", errno);
      next += written;
    }
  }
}

// What is printed between the two copies comes late in the file, but is not lost.
Result<void> OutputCapture::divert(const Target& target) {
  const std::lock_guard lock(mutex_);
  if (!within_ || attempt_ >= 0) return {};
  CAIRN_ASSIGN(const fs::path path, target());
  CAIRN_ASSIGN(const int file, open_file(path));
  const std::uint64_t before = size();
  auto copied = copy(file, begin_);
  point_to(file);
  attempt_ = file;
  if (copied.ok() && size() > before) copied = copy(file, before);
  if (copied.ok() && ::ftruncate(host_, static_cast<off_t>(begin_)) != 0)
    return io_error("shorten", "the host's output", errno);
  return copied;
}

Result<void> OutputCapture::end(const Target& target) {
  stage_runs(false);
  std::fflush(stdout);
  const std::lock_guard lock(mutex_);
  if (!within_) return {};
  within_ = false;
  auto moved = size() > begin_ ? move_to_attempt(target) : Result<void>();
  if (const int file = std::exchange(attempt_, -1); file >= 0) {
    point_to(host_);
    ::close(file);
  }
  return moved;
}

Result<void> OutputCapture::move_to_attempt(const Target& target) {
  if (attempt_ < 0) {
    CAIRN_ASSIGN(const fs::path path, target());
    CAIRN_ASSIGN(attempt_, open_file(path));
  }
  CAIRN_TRY(copy(attempt_, begin_));
  if (::ftruncate(host_, static_cast<off_t>(begin_)) != 0)
    return io_error("shorten", "the host's output", errno);
  return {};
}

}  // namespace cairn::host
