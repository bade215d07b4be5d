#include "core/host/process_guard.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace cairn::host {
namespace {

constexpr std::array kCrashSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};
constexpr std::size_t kStackBytes = 64 << 10;

// Nothing is mapped below.
constexpr std::uintptr_t kNullPage = 4096;
// A frame that does not fit may reach as far beyond the end of the stack.
constexpr std::uintptr_t kBelowStack = 1 << 20;

std::atomic<bool> stage_is_running{false};
// Lowest address of this thread's stack; 0 where it is not known.
thread_local std::uintptr_t stack_end = 0;

// Async-signal-safe.
void say(std::initializer_list<const char*> parts) {
  for (const char* part : parts) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, part, std::strlen(part));
  }
}

const char* decimal(int value, std::array<char, 12>& buffer) {
  std::size_t at = buffer.size() - 1;
  buffer[at] = '\0';
  const bool negative = value < 0;
  unsigned rest = negative ? 0U - static_cast<unsigned>(value) : static_cast<unsigned>(value);
  do {
    buffer[--at] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (negative) buffer[--at] = '-';
  return &buffer[at];
}

// What a bad address tells of the mistake.
const char* guess(int signal, const siginfo_t& info) {
  if (signal != SIGSEGV || info.si_code <= 0) return "";
  const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
  if (address < kNullPage) return ": it used a null pointer";
  const bool below = stack_end != 0 && address < stack_end + kNullPage;
  return below && stack_end - address < kBelowStack + kNullPage ? ": its stack is full" : "";
}

void on_crash(int signal, siginfo_t* info, void*) {
  std::array<char, 12> digits{};
  const char* name = ::sigabbrev_np(signal);
  say({"\ncairn-host: the stage crashed the process with signal ", decimal(signal, digits), " (SIG",
       name == nullptr ? "?" : name, ")", guess(signal, *info), "\n"});
  // The handler was reset when it was called: this ends the process as the signal would have.
  ::raise(signal);
}

void on_process_exit(int status, void*) {
  if (!stage_is_running) return;
  std::fflush(nullptr);
  std::array<char, 12> digits{};
  say({"\ncairn-host: the stage ended the process with exit(", decimal(status, digits), ")\n"});
  // Not through the destructors of plugins: threads of this process still run.
  ::_exit(status == 0 ? 70 : status);
}

}  // namespace

void install_process_guard() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR)) {
    if (fd <= STDERR_FILENO) continue;
    ::close(fd);
    break;
  }
  ::signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  action.sa_sigaction = on_crash;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER | SA_ONSTACK | SA_SIGINFO);
  for (const int signal : kCrashSignals) ::sigaction(signal, &action, nullptr);
  ::on_exit(on_process_exit, nullptr);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
}

void guard_this_thread() {
  static thread_local std::array<char, kStackBytes> stack;
  const stack_t alternate{stack.data(), 0, stack.size()};
  ::sigaltstack(&alternate, nullptr);
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return;
  void* low = nullptr;
  std::size_t size = 0;
  if (::pthread_attr_getstack(&attributes, &low, &size) == 0)
    stack_end = reinterpret_cast<std::uintptr_t>(low);
  ::pthread_attr_destroy(&attributes);
}

void stage_runs(bool runs) {
  stage_is_running = runs;
}

}  // namespace cairn::host
