#include "core/base/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

namespace cairn {
namespace {

struct Outcome {
  ProcessEnd end;
  std::string out;
  std::string err;
};

Outcome sh(const std::string& script, ProcessHooks hooks = {}) {
  Outcome outcome;
  hooks.output = [&](bool is_error, std::string_view bytes) {
    (is_error ? outcome.err : outcome.out) += bytes;
  };
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  spec.environment = {"PATH=/usr/bin:/bin", "GREETING=hello"};
  spec.folder = fs::temp_directory_path();
  outcome.end = run_process(spec, hooks).value();
  return outcome;
}

// Waits, bounded, for a process to be gone: its end is not ours to wait for.
bool gone(pid_t pid) {
  for (int i = 0; i < 500 && ::kill(pid, 0) == 0; ++i) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(stat, text);
    if (text.find(") Z ") != std::string::npos) return true;
    ::poll(nullptr, 0, 10);
  }
  return ::kill(pid, 0) != 0;
}

TEST(Subprocess, GivesExitCodeOutputAndEnvironment) {
  const auto outcome = sh("echo $GREETING; echo oops >&2; cat; exit 7");
  EXPECT_EQ(outcome.end.exit_code, 7);
  EXPECT_FALSE(outcome.end.success());
  EXPECT_EQ(outcome.out, "hello\n");
  EXPECT_EQ(outcome.err, "oops\n");
}

TEST(Subprocess, TellsASignalFromAnExit) {
  EXPECT_EQ(sh("kill -SEGV $$").end.signal, SIGSEGV);
  EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV");
}

TEST(Subprocess, TakesLargeOutputOnBothStreams) {
  const auto outcome = sh("head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero");
  EXPECT_EQ(outcome.out.size(), 3000000u);
  EXPECT_EQ(outcome.err.size(), 3000000u);
}

TEST(Subprocess, EndsAProgramThatIsOutOfTimeWithAllItStarted) {
  ProcessHooks hooks;
  hooks.timeout = Duration(300);
  const auto outcome = sh("trap '' TERM; sleep 1000 & echo $!; wait; wait", hooks);
  EXPECT_TRUE(outcome.end.timed_out);
  EXPECT_FALSE(outcome.end.success());
  EXPECT_TRUE(gone(std::stoi(outcome.out)));
}

TEST(Subprocess, AsksBeforeItKills) {
  ProcessHooks hooks;
  bool started = false;
  hooks.stop = [&] { return started = true; };
  hooks.grace = Duration(20'000);
  const auto outcome = sh("trap 'echo bye; exit 4' TERM; while :; do sleep 0.05; done", hooks);
  EXPECT_TRUE(outcome.end.stopped);
  EXPECT_EQ(outcome.end.exit_code, 4);
  EXPECT_EQ(outcome.out, "bye\n");
}

TEST(Subprocess, DoesNotWaitForWhatTheProgramLeavesBehind) {
  const auto outcome = sh("sleep 1000 & echo $!");
  EXPECT_TRUE(outcome.end.success());
  EXPECT_TRUE(gone(std::stoi(outcome.out)));
}

TEST(Subprocess, KillsTheGroupWhenThisProcessIsKilled) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t caller = ::fork();
  if (caller == 0) {
    ProcessSpec spec;
    spec.argv = {"/bin/sh", "-c", "sleep 1000 & echo $!; wait"};
    ProcessHooks hooks;
    hooks.output = [&](bool, std::string_view bytes) {
      [[maybe_unused]] const ssize_t written = ::write(ends[1], bytes.data(), bytes.size());
    };
    const auto end = run_process(spec, hooks);
    ::_exit(end.ok() ? 0 : 1);
  }
  ::close(ends[1]);
  std::string pid;
  for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\n';) pid += c;
  ::close(ends[0]);
  ASSERT_FALSE(pid.empty());
  ::kill(caller, SIGKILL);
  ::waitpid(caller, nullptr, 0);
  EXPECT_TRUE(gone(std::stoi(pid)));
}

TEST(Subprocess, JoinsBothStreamsInTheOrderOfWriting) {
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", "echo a; echo b >&2; echo c"};
  spec.one_stream = true;
  std::string seen;
  ProcessHooks hooks;
  hooks.output = [&](bool, std::string_view bytes) { seen += bytes; };
  EXPECT_TRUE(run_process(spec, hooks)->success());
  EXPECT_EQ(seen, "a\nb\nc\n");
}

TEST(Subprocess, NamesAProgramThatIsNotThere) {
  ProcessSpec spec;
  spec.argv = {"/nonexistent/program"};
  const auto result = run_process(spec, {});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, ::testing::HasSubstr("/nonexistent/program"));
}

}  // namespace
}  // namespace cairn
