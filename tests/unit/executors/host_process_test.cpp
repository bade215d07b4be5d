#include "core/executors/host_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "core/base/subprocess.h"
#include "core/base/text.h"

namespace cairn {
namespace {

class HostProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = make_private_folder(fs::temp_directory_path(), "cairn-process-").value();
    ASSERT_EQ(::mkfifo((folder_ / "gate").c_str(), 0600), 0);
  }
  void TearDown() override { ASSERT_TRUE(real_file_system().remove_all(folder_).ok()); }

  ProcessIdentity start(const std::string& script) {
    HostProcessSpec spec;
    spec.program = "/bin/sh";
    spec.arguments = {"-c", script, "sh", (folder_ / "gate").string()};
    spec.environment = host_environment(current_environment(), 3, {});
    spec.output = folder_ / "output";
    return start_host_process(spec).value();
  }
  std::optional<ProcessExit> wait_for(const ProcessIdentity& process,
                                      const std::string& mark = {}) {
    boost::asio::io_context loop;
    std::optional<ProcessExit> seen;
    auto watch = ExitWatch::create(loop.get_executor(), loop.get_executor(), process, mark,
                                   [&](ProcessExit e) { seen = e; });
    EXPECT_TRUE(watch.ok());
    loop.run();
    return seen;
  }
  // Blocks until a started script writes a line into the gate.
  std::string read_gate() { return real_file_system().read(folder_ / "gate").value(); }
  std::string output() { return real_file_system().read(folder_ / "output").value(); }

  fs::path folder_;
};

TEST_F(HostProcess, ReportsExitCodeAndSignal) {
  const auto exited = wait_for(start("exit 7"));
  ASSERT_TRUE(exited);
  EXPECT_TRUE(exited->known);
  EXPECT_EQ(exited->exit_code, 7);
  EXPECT_EQ(describe(*exited), "exited with code 7");
  const auto killed = wait_for(start("kill -SEGV $$"));
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed->signal, SIGSEGV);
  EXPECT_EQ(describe(*killed), "was killed by SIGSEGV");
}

TEST_F(HostProcess, RunsApartFromItsParent) {
  const auto exited =
      wait_for(start("cat; echo sid $(cut -d' ' -f6 /proc/$$/stat) pid $$; ls /proc/$$/fd | wc -w;"
                     "echo threads=$OMP_NUM_THREADS devices=${CUDA_VISIBLE_DEVICES-unset}"));
  ASSERT_TRUE(exited);
  const auto lines = output();
  const auto words = split(lines, '\n');
  const auto ids = split(words[0], ' ');
  EXPECT_EQ(ids[1], ids[3]) << "a session of its own";
  EXPECT_LE(std::stoi(std::string(words[1])), 4) << "no descriptor of ours leaks";
  EXPECT_EQ(words[2], "threads=3 devices=");
}

TEST_F(HostProcess, SignalsReachTheWholeGroup) {
  // The child blocks for ever on a gate that nobody opens a second time.
  const auto process = start("(echo $(exec sh -c 'echo $PPID') > $1; read x < $1) & wait");
  const pid_t child = std::stoi(read_gate());
  const auto grandchild = identify_process(child);
  ASSERT_TRUE(grandchild.ok());
  signal_group(process, SIGKILL);
  EXPECT_EQ(wait_for(process)->signal, SIGKILL);
  EXPECT_TRUE(wait_for(*grandchild));
  EXPECT_FALSE(is_alive(*grandchild));
}

TEST_F(HostProcess, NothingOfASessionOutlivesItsLeader) {
  // `set -m`: the job gets a process group of its own.
  const auto process = start("set -m; sh -c 'echo $$ > $1; read x < $1' sh $1 & kill -KILL $$");
  const auto job = identify_process(std::stoi(read_gate())).value();
  EXPECT_EQ(wait_for(process)->signal, SIGKILL);
  EXPECT_TRUE(wait_for(job));
  EXPECT_FALSE(is_alive(job));
}

TEST_F(HostProcess, WhatLeftTheSessionIsFoundByItsMark) {
  const auto process = start(
      "export MARK=" + folder_.string() +
      "; exec sh -c 'setsid sh -c \"echo \\$\\$ > \\$1; read x < \\$1\" sh $1 & exit 0' sh $1");
  const auto escaped = identify_process(std::stoi(read_gate())).value();
  EXPECT_EQ(wait_for(process, "MARK=" + folder_.string() + "x")->exit_code, 0);
  EXPECT_TRUE(is_alive(escaped)) << "another mark";
  kill_session(process, "MARK=" + folder_.string());
  EXPECT_TRUE(wait_for(escaped));
  EXPECT_FALSE(is_alive(escaped));
}

TEST_F(HostProcess, WatchesAdoptedProcessWhoseExitIsUnknown) {
  // The middle shell ends, so the inner one is no child of this test; its session is its own.
  const auto middle = start("setsid sh -c 'echo $$ > $1; read x < $1' sh $1 & exit 0");
  const pid_t orphan = std::stoi(read_gate());
  EXPECT_EQ(wait_for(middle)->exit_code, 0);
  const auto identity = identify_process(orphan);
  ASSERT_TRUE(identity.ok());
  ::kill(orphan, SIGTERM);
  const auto seen = wait_for(*identity);
  ASSERT_TRUE(seen);
  EXPECT_FALSE(seen->known);
  EXPECT_EQ(describe(*seen), "ended");
}

TEST_F(HostProcess, NeverTakesAReusedPidForTheHost) {
  ProcessIdentity impostor = identify_process(::getpid()).value();
  impostor.start_ticks += 1;
  EXPECT_FALSE(is_alive(impostor));
  signal_group(impostor, SIGKILL);  // this test would die here
  EXPECT_TRUE(wait_for(impostor));
}

TEST_F(HostProcess, NamesAProgramThatCannotStart) {
  HostProcessSpec spec;
  spec.program = folder_ / "absent";
  spec.output = folder_ / "output";
  const auto started = start_host_process(spec);
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().to_string(), ::testing::HasSubstr("absent"));
}

TEST_F(HostProcess, DestroyedWatchStaysSilent) {
  boost::asio::io_context loop;
  bool called = false;
  auto process = start("exit 0");
  {
    auto watch = ExitWatch::create(loop.get_executor(), loop.get_executor(), process, {},
                                   [&](ProcessExit) { called = true; });
    ASSERT_TRUE(watch.ok());
  }
  loop.run();
  EXPECT_FALSE(called);
  EXPECT_TRUE(wait_for(process));
}

}  // namespace
}  // namespace cairn
