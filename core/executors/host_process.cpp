#include "core/executors/host_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <charconv>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/environment.h"
#include "core/base/spawn_settings.h"
#include "core/base/subprocess.h"
#include "core/base/text.h"

namespace cairn {
namespace {

// glibc 2.36 has no declarations that C++ and the kernel's headers agree on.
int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}
constexpr auto kPidfd = static_cast<idtype_t>(3);

// State, session and start time; the name in parentheses may hold spaces and parentheses itself.
struct ProcStat {
  char state = '?';
  pid_t session = 0;
  std::uint64_t start_ticks = 0;
};

Result<ProcStat> read_stat(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  auto text = real_file_system().read(path);
  if (!text.ok()) return not_found("no process has pid " + std::to_string(pid));
  const std::size_t name_end = text->rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text->size()) {
    return corrupt(path + " cannot be read");
  }
  // After the name: state is field 3, the session field 6, the start time field 22.
  const auto fields = split(std::string_view(*text).substr(name_end + 2), ' ');
  if (fields.size() < 20 || fields[0].empty()) return corrupt(path + " cannot be read");
  ProcStat stat;
  stat.state = fields[0][0];
  const auto parse = [](std::string_view text, auto& number) {
    return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
  };
  if (!parse(fields[3], stat.session) || !parse(fields[19], stat.start_ticks)) {
    return corrupt(path + " cannot be read");
  }
  return stat;
}

// Whether its environment, as it was when the program began, has the entry.
bool has_mark(pid_t pid, const std::string& mark) {
  if (mark.empty()) return false;
  const auto text = real_file_system().read("/proc/" + std::to_string(pid) + "/environ");
  if (!text.ok()) return false;
  const auto entries = split(*text, '\0');
  return std::ranges::find(entries, mark) != entries.end();
}

void set_signals(posix_spawnattr_t& attributes) {
  sigset_t none;
  sigset_t reset;
  sigemptyset(&none);
  sigemptyset(&reset);
  for (int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&reset, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &reset);
}

}  // namespace

Result<ProcessIdentity> start_host_process(const HostProcessSpec& spec) {
  std::vector<std::string> words{spec.program.string()};
  words.insert(words.end(), spec.arguments.begin(), spec.arguments.end());

  SpawnSettings settings;
  const std::string output = spec.output.string();
  posix_spawn_file_actions_addopen(&settings.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&settings.files, STDOUT_FILENO, output.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&settings.files, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&settings.files, STDERR_FILENO + 1);
  set_signals(settings.attributes);
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  pid_t pid = 0;
  const int failure =
      posix_spawn(&pid, words[0].c_str(), &settings.files, &settings.attributes,
                  null_terminated(words).data(), null_terminated(spec.environment).data());
  if (failure != 0) {
    return with_context(io_error("execute", words[0], failure),
                        "starting a host that writes to " + output);
  }
  // Not reaped yet, so the pid is ours even if the program has already ended.
  auto stat = read_stat(pid);
  if (!stat.ok()) return std::move(stat).error();
  return ProcessIdentity{pid, stat->start_ticks};
}

Result<ProcessIdentity> identify_process(pid_t pid) {
  CAIRN_ASSIGN(const ProcStat stat, read_stat(pid));
  if (stat.state == 'Z' || stat.state == 'X') {
    return not_found("the process with pid " + std::to_string(pid) + " has ended");
  }
  return ProcessIdentity{pid, stat.start_ticks};
}

bool is_alive(const ProcessIdentity& process) {
  const auto found = identify_process(process.pid);
  return found.ok() && *found == process;
}

void signal_group(const ProcessIdentity& process, int signal) {
  // A zombie leader still names its group, so members that outlive it are reached, too.
  const auto stat = read_stat(process.pid);
  if (process.pid > 1 && stat.ok() && stat->start_ticks == process.start_ticks) {
    ::kill(-process.pid, signal);
  }
}

void kill_session(const ProcessIdentity& process, const std::string& mark) {
  if (process.pid <= 1) return;
  std::set<pid_t> killed;
  // Once more after each pass that found some: they may have forked before they died.
  for (bool found = true; found;) {
    // While a session has members the kernel does not give its number away again.
    const auto leader = read_stat(process.pid);
    if (leader.ok() && leader->start_ticks != process.start_ticks) return;
    found = false;
    std::error_code error;
    for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      pid_t pid = 0;
      if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
      const auto stat = read_stat(pid);
      if (!stat.ok()) continue;
      const bool escaped = stat->session != process.pid &&
                           stat->start_ticks >= process.start_ticks && has_mark(pid, mark);
      if (stat->session != process.pid && !escaped) continue;
      // A leader that has ended forks no more.
      const bool over = pid == process.pid && stat->state == 'Z';
      if (over || !killed.insert(pid).second) continue;
      found = true;
      ::kill(pid, SIGKILL);
    }
  }
}

std::vector<std::string> host_environment(const std::vector<std::string>& base, int threads,
                                          const std::vector<std::string>& gpus,
                                          const std::vector<std::string>& more) {
  static constexpr std::array<std::string_view, 4> kThreadVariables = {
      "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"};
  static constexpr std::string_view kDevices = "CUDA_VISIBLE_DEVICES";
  std::vector<std::string> result;
  for (std::string& entry : least_environment(base, more)) {
    const std::string_view name = variable_name(entry);
    const bool ours =
        name == kDevices || std::ranges::find(kThreadVariables, name) != kThreadVariables.end();
    if (!ours) result.push_back(std::move(entry));
  }
  for (std::string_view name : kThreadVariables) {
    result.push_back(std::string(name) + "=" + std::to_string(std::max(threads, 1)));
  }
  result.push_back(std::string(kDevices) + "=" + join(gpus, ","));
  return result;
}

std::string describe(const ProcessExit& exit) {
  if (!exit.known) return "ended";
  if (exit.signal != 0) return "was killed by " + signal_name(exit.signal);
  return "exited with code " + std::to_string(exit.exit_code);
}

struct ExitWatch::State : std::enable_shared_from_this<State> {
  State(const boost::asio::any_io_executor& executor, boost::asio::any_io_executor looks)
      : sweeper(std::move(looks)), pidfd(executor) {}

  boost::asio::any_io_executor sweeper;
  boost::asio::posix::stream_descriptor pidfd;
  ProcessIdentity process;
  std::string mark;
  Callback callback;
  bool cancelled = false;

  void report(ProcessExit exit) {
    if (cancelled || !callback) return;
    const Callback call = std::exchange(callback, nullptr);
    call(exit);
  }

  void wait() {
    pidfd.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->sweep();
                     });
  }

  // Looks at every process of the machine: a while, where there are thousands.
  void sweep() {
    boost::asio::post(sweeper, [self = shared_from_this()] {
      kill_session(self->process, self->mark);
      boost::asio::post(self->pidfd.get_executor(), [self] { self->report(self->reap()); });
    });
  }

  ProcessExit reap() {
    if (cancelled) return {};
    siginfo_t info{};
    ProcessExit exit;
    if (::waitid(kPidfd, static_cast<id_t>(pidfd.native_handle()), &info, WEXITED) != 0) {
      return exit;  // an adopted process is another's child
    }
    exit.known = true;
    if (info.si_code == CLD_EXITED) {
      exit.exit_code = info.si_status;
    } else {
      exit.signal = info.si_status;
    }
    return exit;
  }
};

Result<std::unique_ptr<ExitWatch>> ExitWatch::create(const boost::asio::any_io_executor& executor,
                                                     const boost::asio::any_io_executor& sweeper,
                                                     const ProcessIdentity& process,
                                                     const std::string& mark, Callback callback) {
  auto state = std::make_shared<State>(executor, sweeper);
  state->process = process;
  state->mark = mark;
  state->callback = std::move(callback);
  std::unique_ptr<ExitWatch> watch(new ExitWatch(state));
  const int fd = open_pidfd(process.pid);
  if (fd < 0 && errno != ESRCH) {
    return io_error("watch", "process " + std::to_string(process.pid), errno);
  }
  // The descriptor names one process for good; only now is the comparison free of races.
  const auto stat = read_stat(process.pid);
  const bool same = fd >= 0 && stat.ok() && stat->start_ticks == process.start_ticks;
  if (!same) {
    if (fd >= 0) ::close(fd);
    boost::asio::post(executor, [state] { state->report({}); });
    return watch;
  }
  state->pidfd.assign(fd);
  state->wait();
  return watch;
}

ExitWatch::~ExitWatch() {
  state_->cancelled = true;
  boost::system::error_code ignored;
  state_->pidfd.close(ignored);
}

}  // namespace cairn
