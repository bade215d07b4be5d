#include "core/base/spawn.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/base/spawn_settings.h"

namespace cairn {
namespace {

// Descriptors that are copied to low numbers must not stand there themselves.
constexpr int kAboveGiven = 10;

}  // namespace

Result<void> Pipe::open() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return io_error("create", "a pipe", errno);
  const Fd low_read(ends[0]);
  const Fd low_write(ends[1]);
  read.reset(::fcntl(ends[0], F_DUPFD_CLOEXEC, kAboveGiven));
  if (read.get() < 0) return io_error("create", "a pipe", errno);
  write.reset(::fcntl(ends[1], F_DUPFD_CLOEXEC, kAboveGiven));
  if (write.get() < 0) return io_error("create", "a pipe", errno);
  return {};
}

Result<pid_t> spawn_program(const ProcessSpec& spec, const ProgramDescriptors& descriptors) {
  SpawnSettings settings;
  int number = 0;
  for (const int descriptor : descriptors) {
    if (descriptor < 0 && number > STDERR_FILENO) break;
    if (descriptor >= 0)
      ::posix_spawn_file_actions_adddup2(&settings.files, descriptor, number);
    else
      ::posix_spawn_file_actions_addopen(&settings.files, number, "/dev/null", O_RDONLY, 0);
    ++number;
  }
  ::posix_spawn_file_actions_addclosefrom_np(&settings.files, number);
  if (!spec.folder.empty())
    ::posix_spawn_file_actions_addchdir_np(&settings.files, spec.folder.c_str());
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&settings.attributes, &none);
  ::posix_spawnattr_setsigdefault(&settings.attributes, &all);
  ::posix_spawnattr_setpgroup(&settings.attributes, 0);
  ::posix_spawnattr_setflags(
      &settings.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int failure =
      ::posix_spawn(&pid, spec.argv[0].c_str(), &settings.files, &settings.attributes,
                    null_terminated(spec.argv).data(), null_terminated(spec.environment).data());
  if (failure != 0) return io_error("run", spec.argv[0], failure);
  return pid;
}

}  // namespace cairn
