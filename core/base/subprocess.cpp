#include "core/base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "core/base/group_guard.h"
#include "core/base/spawn.h"

namespace cairn {
namespace {

constexpr Duration kStopPoll{100};
constexpr std::size_t kCompactAt = 1 << 20;

void make_nonblocking(const Fd& fd) {
  if (fd.get() >= 0) ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
}

// Hands on what is there, up to 1 MiB so that a flood cannot keep us from the clock; false once
// the other end is closed.
template <typename Take>
bool drain(int fd, const Take& take) {
  std::array<char, 1 << 16> buffer;
  for (int reads = 0; reads < 16; ++reads) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got > 0) {
      take(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    return got < 0 && errno == EAGAIN;
  }
  return true;
}

// write() to a pipe whose reader may be gone: EPIPE without the signal that comes with it.
ssize_t write_quietly(int fd, std::string_view bytes) {
  sigset_t pipe;
  sigset_t before;
  sigset_t pending;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::sigpending(&pending);
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const ssize_t written = ::write(fd, bytes.data(), bytes.size());
  const int failure = errno;
  if (written < 0 && failure == EPIPE && ::sigismember(&pending, SIGPIPE) == 0) {
    const timespec at_once{0, 0};
    while (::sigtimedwait(&pipe, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = failure;
  return written;
}

// Bytes on their way to a reader that takes them when it likes.
class Outbound {
 public:
  [[nodiscard]] std::size_t size() const { return bytes_.size() - begin_; }
  void add(std::string_view bytes) { bytes_.append(bytes); }
  void clear() {
    bytes_.clear();
    begin_ = 0;
  }
  // As much as fits; false once nobody can read it.
  bool write_to(int fd) {
    while (size() > 0) {
      const ssize_t written = write_quietly(fd, std::string_view(bytes_).substr(begin_));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0 && errno == EAGAIN) break;
      if (written < 0) return false;
      begin_ += static_cast<std::size_t>(written);
    }
    if (size() == 0) clear();
    if (begin_ >= kCompactAt && begin_ >= size()) {
      bytes_.erase(0, begin_);
      begin_ = 0;
    }
    return true;
  }

 private:
  std::string bytes_;
  std::size_t begin_ = 0;
};

}  // namespace

class RunningProcess::Impl {
 public:
  explicit Impl(ProcessHooks hooks) : hooks_(std::move(hooks)), start_(now()) {}
  ~Impl() {
    if (running_) finish();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start(const ProcessSpec& spec) {
    if (spec.argv.empty()) return invalid_argument("no program to run");
    CAIRN_ASSIGN(GroupGuard * guard, GroupGuard::get());
    Pipe out;
    Pipe err;
    Pipe to;
    Pipe from;
    const bool standard = spec.channel == ProcessChannel::kStandard;
    const bool one = spec.one_stream && !standard;
    if (!standard) CAIRN_TRY(out.open());
    if (!one) CAIRN_TRY(err.open());
    if (spec.channel != ProcessChannel::kNone) {
      CAIRN_TRY(to.open());
      CAIRN_TRY(from.open());
    }
    ProgramDescriptors descriptors{-1, out.write.get(), one ? out.write.get() : err.write.get(), -1,
                                   -1};
    descriptors[standard ? STDIN_FILENO : kChannelReadFd] = to.read.get();
    descriptors[standard ? STDOUT_FILENO : kChannelWriteFd] = from.write.get();
    CAIRN_ASSIGN(pid_, spawn_program(spec, descriptors));
    CAIRN_TRY(guard_program(*guard, spec.argv[0]));
    running_ = true;
    out_ = std::move(out.read);
    err_ = std::move(err.read);
    from_ = std::move(from.read);
    to_ = std::move(to.write);
    for (const Fd* fd : {&out_, &err_, &from_, &to_}) make_nonblocking(*fd);
    return {};
  }

  bool step() {
    if (!running_) return false;
    const int to = unsent() > 0 ? to_.get() : -1;
    std::array<pollfd, 5> watched{{{pidfd_.get(), POLLIN, 0},
                                   {out_.get(), POLLIN, 0},
                                   {err_.get(), POLLIN, 0},
                                   {from_.get(), POLLIN, 0},
                                   {to, POLLOUT, 0}}};
    ::poll(watched.data(), watched.size(), static_cast<int>(patience().count()));
    write_channel();
    read_streams();
    if (watched[0].revents != 0) {
      finish();
      read_streams();
      return false;
    }
    if (ending_) {
      if (now() >= kill_at_) ::kill(-pid_, SIGKILL);
      return true;
    }
    end_.stopped = hooks_.stop && hooks_.stop();
    end_.timed_out = !end_.stopped && out_of_time();
    if (end_.stopped || end_.timed_out) begin_ending();
    return true;
  }

  void send(std::string_view bytes) {
    if (to_.get() < 0) return;
    outbound_.add(bytes);
    write_channel();
  }
  [[nodiscard]] std::size_t unsent() const { return outbound_.size(); }
  [[nodiscard]] const ProcessEnd& end() const { return end_; }

 private:
  static Duration now() { return system_clock().monotonic(); }

  Result<void> guard_program(GroupGuard& guard, const std::string& name) {
    const auto guarded = guard.enter(pid_);
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (guarded.ok() && pidfd_.get() >= 0) {
      guarded_ = *guarded;
      return {};
    }
    const int failure = errno;
    ::kill(-pid_, SIGKILL);
    if (guarded.ok()) **guarded = 0;
    ::waitpid(pid_, nullptr, 0);
    if (!guarded.ok()) return guarded.error();
    return io_error("watch", name, failure);
  }

  [[nodiscard]] bool out_of_time() const {
    return hooks_.timeout.count() > 0 && now() - start_ >= hooks_.timeout;
  }

  [[nodiscard]] Duration patience() const {
    if (ending_ || hooks_.timeout.count() == 0) return kStopPoll;
    return std::clamp(start_ + hooks_.timeout - now(), Duration(0), kStopPoll);
  }

  void read_streams() {
    const auto output = [&](bool is_error) {
      return [this, is_error](std::string_view bytes) {
        if (hooks_.output) hooks_.output(is_error, bytes);
      };
    };
    if (out_.get() >= 0 && !drain(out_.get(), output(false))) out_.reset();
    if (err_.get() >= 0 && !drain(err_.get(), output(true))) err_.reset();
    const auto channel = [&](std::string_view bytes) {
      if (hooks_.channel) hooks_.channel(bytes);
    };
    if (from_.get() >= 0 && !drain(from_.get(), channel)) from_.reset();
  }

  void write_channel() {
    if (to_.get() < 0 || outbound_.write_to(to_.get())) return;
    to_.reset();
    outbound_.clear();
  }

  void begin_ending() {
    ending_ = true;
    kill_at_ = now() + hooks_.grace;
    ::kill(-pid_, hooks_.grace.count() > 0 ? SIGTERM : SIGKILL);
  }

  // The program has ended, or does so now.
  void finish() {
    running_ = false;
    ::kill(-pid_, SIGKILL);
    *guarded_ = 0;
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) end_.signal = WTERMSIG(status);
    if (WIFEXITED(status)) end_.exit_code = WEXITSTATUS(status);
    to_.reset();
    outbound_.clear();
  }

  const ProcessHooks hooks_;
  const Duration start_;
  pid_t pid_ = 0;
  std::atomic<pid_t>* guarded_ = nullptr;
  Fd pidfd_;
  Fd out_;
  Fd err_;
  Fd from_;
  Fd to_;
  Outbound outbound_;
  ProcessEnd end_;
  bool running_ = false;
  bool ending_ = false;
  Duration kill_at_{0};
};

RunningProcess::RunningProcess(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RunningProcess::~RunningProcess() = default;

Result<std::unique_ptr<RunningProcess>> RunningProcess::start(const ProcessSpec& spec,
                                                              ProcessHooks hooks) {
  auto impl = std::make_unique<Impl>(std::move(hooks));
  CAIRN_TRY(impl->start(spec));
  return std::unique_ptr<RunningProcess>(new RunningProcess(std::move(impl)));
}

bool RunningProcess::step() {
  return impl_->step();
}
void RunningProcess::send(std::string_view bytes) {
  impl_->send(bytes);
}
std::size_t RunningProcess::unsent() const {
  return impl_->unsent();
}
const ProcessEnd& RunningProcess::end() const {
  return impl_->end();
}

Result<ProcessEnd> run_process(const ProcessSpec& spec, const ProcessHooks& hooks) {
  CAIRN_ASSIGN(const auto process, RunningProcess::start(spec, hooks));
  while (process->step()) {
  }
  return process->end();
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
