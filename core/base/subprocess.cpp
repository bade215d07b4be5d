#include "core/base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

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

// What follows runs after fork in a copy of a threaded process: only calls that are safe there.

[[noreturn]] void become(const ProcessSpec& spec, char* const* argv, char* const* environment,
                         const std::array<int, 3>& standard, int failure) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  bool ok = true;
  for (int i = 0; i < 3; ++i) ok = ok && ::dup2(standard[static_cast<std::size_t>(i)], i) == i;
  if (ok && !spec.folder.empty()) ok = ::chdir(spec.folder.c_str()) == 0;
  if (ok) ::execve(argv[0], argv, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(failure, &error, sizeof error);
  ::_exit(127);
}

void kill_own_group(int) {
  ::kill(0, SIGKILL);
}

// Ends as the program ended.
[[noreturn]] void end_like(int status) {
  if (WIFSIGNALED(status)) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_UNBLOCK, &all, nullptr);
    ::kill(::getpid(), WTERMSIG(status));
  }
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 127);
}

// The leader of the program's group. It lives as long as the program and does one thing: when our
// thread dies, the kernel tells it (PR_SET_PDEATHSIG), and it kills the whole group.
[[noreturn]] void lead_group(const ProcessSpec& spec, char* const* argv, char* const* environment,
                             const std::array<int, 3>& standard, int failure, pid_t parent) {
  ::setpgid(0, 0);
  for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_DFL);
  ::signal(SIGUSR2, kill_own_group);
  sigset_t others;
  ::sigfillset(&others);
  ::sigdelset(&others, SIGUSR2);
  ::sigprocmask(SIG_SETMASK, &others, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGUSR2);
  if (::getppid() != parent) ::_exit(127);
  const pid_t program = ::fork();
  if (program == 0) become(spec, argv, environment, standard, failure);
  if (program < 0) {
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(failure, &error, sizeof error);
    ::_exit(127);
  }
  ::close_range(0, ~0U, 0);
  int status = 0;
  while (::waitpid(program, &status, 0) < 0 && errno == EINTR) {
  }
  end_like(status);
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
  Supervisor(pid_t pid, int pidfd, int out, int err, const ProcessHooks& hooks)
      : pid_(pid), pidfd_(pidfd), streams_{out, err}, hooks_(hooks) {}

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
  Pipe out;
  Pipe err;
  Pipe failure;
  CAIRN_TRY(out.open());
  CAIRN_TRY(err.open());
  CAIRN_TRY(failure.open());
  const Fd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (input.get() < 0) return io_error("open", "/dev/null", errno);
  const auto argv = pointers(spec.argv);
  const auto environment = pointers(spec.environment);
  const std::array<int, 3> standard{input.get(), out.write.get(), err.write.get()};

  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return io_error("start", spec.argv[0], errno);
  if (pid == 0)
    lead_group(spec, argv.data(), environment.data(), standard, failure.write.get(), parent);
  ::setpgid(pid, pid);
  out.write.reset();
  err.write.reset();
  failure.write.reset();

  int exec_error = 0;
  ssize_t got = 0;
  do {
    got = ::read(failure.read.get(), &exec_error, sizeof exec_error);
  } while (got < 0 && errno == EINTR);
  const Fd pidfd(got > 0 ? -1 : static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (got > 0 || pidfd.get() < 0) {
    if (got <= 0) exec_error = errno;
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return io_error("run", spec.argv[0], exec_error);
  }
  ::fcntl(out.read.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(err.read.get(), F_SETFL, O_NONBLOCK);
  return Supervisor(pid, pidfd.get(), out.read.get(), err.read.get(), hooks).run();
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
