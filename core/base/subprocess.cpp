#include "core/base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/base/group_guard.h"

namespace cairn {
namespace {

constexpr Duration kStopPoll{100};

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read;
  Fd write;
  Result<void> open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return io_error("create", "a pipe", errno);
    read.reset(ends[0]);
    write.reset(ends[1]);
    return {};
  }
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (const auto& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

// posix_spawn's two settings objects, released together.
struct SpawnSettings {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

// In a group of its own, which it leads, with plain signals and no descriptor of ours.
Result<pid_t> spawn(const ProcessSpec& spec, int out, int err) {
  SpawnSettings settings;
  ::posix_spawn_file_actions_addopen(&settings.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&settings.files, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&settings.files, err, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&settings.files, STDERR_FILENO + 1);
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
                    pointers(spec.argv).data(), pointers(spec.environment).data());
  if (failure != 0) return io_error("run", spec.argv[0], failure);
  return pid;
}

// Hands on what is there, up to 1 MiB so that a flood cannot keep us from the clock; false once
// the other end is closed.
bool drain(int fd, bool is_error, const ProcessHooks& hooks) {
  std::array<char, 1 << 16> buffer;
  for (int reads = 0; reads < 16; ++reads) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got > 0) {
      if (hooks.output) hooks.output(is_error, {buffer.data(), static_cast<std::size_t>(got)});
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    return got < 0 && errno == EAGAIN;
  }
  return true;
}

class Supervisor {
 public:
  Supervisor(pid_t pid, std::atomic<pid_t>& guarded, int pidfd, int out, int err,
             const ProcessHooks& hooks)
      : pid_(pid), guarded_(guarded), pidfd_(pidfd), streams_{out, err}, hooks_(hooks) {}

  ProcessEnd run() {
    const auto start = now();
    bool running = true;
    while (running) {
      std::array<pollfd, 3> watched{
          {{pidfd_, POLLIN, 0}, {streams_[0], POLLIN, 0}, {streams_[1], POLLIN, 0}}};
      Duration wait = kStopPoll;
      if (hooks_.timeout.count() > 0)
        wait = std::clamp(start + hooks_.timeout - now(), Duration(0), kStopPoll);
      ::poll(watched.data(), watched.size(), static_cast<int>(wait.count()));
      running = watched[0].revents == 0;
      read_streams();
      if (!running) break;
      if (!ending_) {
        end_.stopped = hooks_.stop && hooks_.stop();
        end_.timed_out =
            !end_.stopped && hooks_.timeout.count() > 0 && now() - start >= hooks_.timeout;
        if (end_.stopped || end_.timed_out) begin_ending();
      } else if (now() >= kill_at_) {
        ::kill(-pid_, SIGKILL);
      }
    }
    ::kill(-pid_, SIGKILL);
    guarded_ = 0;
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    read_streams();
    if (WIFSIGNALED(status)) end_.signal = WTERMSIG(status);
    if (WIFEXITED(status)) end_.exit_code = WEXITSTATUS(status);
    return end_;
  }

 private:
  static Duration now() { return system_clock().monotonic(); }

  void read_streams() {
    for (std::size_t i = 0; i < streams_.size(); ++i)
      if (streams_[i] >= 0 && !drain(streams_[i], i == 1, hooks_)) streams_[i] = -1;
  }

  void begin_ending() {
    ending_ = true;
    kill_at_ = now() + hooks_.grace;
    ::kill(-pid_, hooks_.grace.count() > 0 ? SIGTERM : SIGKILL);
  }

  pid_t pid_;
  std::atomic<pid_t>& guarded_;
  int pidfd_;
  std::array<int, 2> streams_;
  const ProcessHooks& hooks_;
  ProcessEnd end_;
  bool ending_ = false;
  Duration kill_at_{0};
};

}  // namespace

Result<ProcessEnd> run_process(const ProcessSpec& spec, const ProcessHooks& hooks) {
  if (spec.argv.empty()) return invalid_argument("no program to run");
  CAIRN_ASSIGN(GroupGuard * guard, GroupGuard::get());
  Pipe out;
  Pipe err;
  CAIRN_TRY(out.open());
  if (!spec.one_stream) CAIRN_TRY(err.open());
  CAIRN_ASSIGN(const pid_t pid,
               spawn(spec, out.write.get(), spec.one_stream ? out.write.get() : err.write.get()));
  const auto guarded = guard->enter(pid);
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!guarded.ok() || pidfd.get() < 0) {
    const int failure = errno;
    ::kill(-pid, SIGKILL);
    if (guarded.ok()) **guarded = 0;
    ::waitpid(pid, nullptr, 0);
    if (!guarded.ok()) return guarded.error();
    return io_error("watch", spec.argv[0], failure);
  }
  out.write.reset();
  err.write.reset();
  ::fcntl(out.read.get(), F_SETFL, O_NONBLOCK);
  if (!spec.one_stream) ::fcntl(err.read.get(), F_SETFL, O_NONBLOCK);
  return Supervisor(pid, **guarded, pidfd.get(), out.read.get(), err.read.get(), hooks).run();
}

std::vector<std::string> current_environment() {
  std::vector<std::string> list;
  for (char** entry = environ; *entry != nullptr; ++entry) list.emplace_back(*entry);
  return list;
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

}  // namespace cairn
