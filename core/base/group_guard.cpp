#include "core/base/group_guard.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <mutex>
#include <new>

namespace cairn {

static_assert(std::atomic<pid_t>::is_always_lock_free);

Result<GroupGuard*> GroupGuard::get() {
  static std::mutex mutex;
  static GroupGuard guard;
  static pid_t owner = 0;  // a fork of this process needs a guard of its own
  const std::lock_guard lock(mutex);
  if (owner != ::getpid()) {
    CAIRN_TRY(guard.start());
    owner = ::getpid();
  }
  return &guard;
}

// The guard is no child of ours, so that a stage may wait for all of its own children.
Result<void> GroupGuard::start() {
  void* memory = ::mmap(nullptr, kSlots * sizeof(std::atomic<pid_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return io_error("map", "the table of process groups", errno);
  slots_ = static_cast<std::atomic<pid_t>*>(memory);
  for (std::size_t i = 0; i < kSlots; ++i) new (&slots_[i]) std::atomic<pid_t>(0);
  const int self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
  if (self < 0) return io_error("watch", "the own process", errno);
  const pid_t between = ::fork();
  if (between == 0) {
    const pid_t guard = ::fork();
    if (guard == 0) watch(self);
    ::_exit(guard < 0 ? 1 : 0);
  }
  const int failure = errno;
  ::close(self);
  if (between < 0) return io_error("start", "the guard of process groups", failure);
  int status = 0;
  while (::waitpid(between, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) return io_error("start", "the guard of process groups", EAGAIN);
  return {};
}

// Runs after fork in a copy of a process that may have threads: only calls that are safe there.
void GroupGuard::watch(int parent) const {
  ::setpgid(0, 0);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::prctl(PR_SET_NAME, "cairn-guard");
  if (::dup2(parent, 0) != 0 || ::chdir("/") != 0) ::_exit(1);
  ::close_range(1, ~0U, 0);
  pollfd ended{0, POLLIN, 0};
  while (::poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
  for (std::size_t i = 0; i < kSlots; ++i)
    if (const pid_t group = slots_[i]; group > 1) ::kill(-group, SIGKILL);
  ::_exit(0);
}

Result<std::atomic<pid_t>*> GroupGuard::enter(pid_t group) {
  for (std::size_t i = 0; i < kSlots; ++i) {
    pid_t free = 0;
    if (slots_[i].compare_exchange_strong(free, group)) return &slots_[i];
  }
  return make_error(ErrorCode::kResourceExhausted, "more programs run at once than can be watched");
}

}  // namespace cairn
