// Programs that keep no rule: each fails alone, in bounded time, and leaves nothing behind.
#include <gmock/gmock.h>
#include <poll.h>

#include <csignal>

#include "tests/unit/exec/exec_fixture.h"

namespace cairn::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class BadProgram : public ExecFixture {
 protected:
  BadProgram() { harness_.param("grace", "50ms"); }
};

// Ended, or ended and not yet waited for by its parent.
bool gone(const std::string& pid) {
  const auto stat = real_file_system().read("/proc/" + pid + "/stat");
  return !stat.ok() || stat->find(") Z ") != std::string::npos;
}

TEST_F(BadProgram, ALineThatIsNoMessageEndsItWithItsNumberAndText) {
  sh("say '{\"type\":\"progress\",\"done\":1}'; say 'done: 2'; while :; do :; done");
  EXPECT_THAT(outcome(),
              AllOf(HasSubstr("line 2 of the program's messages"),
                    HasSubstr("expected one JSON object"), HasSubstr("the line is: done: 2")));
  EXPECT_THAT(harness_.run().failure->cause, "error");
}

TEST_F(BadProgram, BytesThatAreNoTextAreShownHarmlessly) {
  sh("printf '\\033[2J\\377\\n' >&4; hear; hear");
  EXPECT_THAT(outcome(),
              AllOf(HasSubstr("expected UTF-8"), HasSubstr("\\x1b[2J"), Not(HasSubstr("\x1b"))));
}

TEST_F(BadProgram, AnEndlessLineIsCutOff) {
  sh("tr '\\0' x < /dev/zero >&4");
  EXPECT_THAT(outcome(),
              AllOf(HasSubstr("line 1 "), HasSubstr("1.0 MiB at most"), HasSubstr("xxx")));
}

TEST_F(BadProgram, HalfALineAtTheEndIsAMistake) {
  sh("say '{\"type\":\"progress\",\"done\":1}'; printf '{\"type\":\"prog' >&4");
  EXPECT_THAT(outcome(), AllOf(HasSubstr("line 2 "), HasSubstr("expected a line end"),
                               HasSubstr("{\"type\":\"prog")));
}

TEST_F(BadProgram, HalfALineOfAProgramThatDiedIsNotWhyItFailed) {
  sh("printf '{\"type\":\"prog' >&4; kill -SEGV $$");
  EXPECT_THAT(outcome(), AllOf(HasSubstr("SIGSEGV"), Not(HasSubstr("line end"))));
}

TEST_F(BadProgram, TheChannelMayBeClosedEarly) {
  sh("exec 3<&-; exec 4>&-; echo on");
  EXPECT_EQ(outcome(), "success");
  EXPECT_EQ(printed(), "on\n");
}

TEST_F(BadProgram, ItMayEndBeforeItReadsTheStart) {
  harness_.param("params", json::object{{"large", std::string(3'000'000, 'x')}});
  sh("exit 0");
  EXPECT_EQ(outcome(), "success");
  sh("exit 4");
  EXPECT_THAT(outcome(), HasSubstr("exit code 4"));
}

TEST_F(BadProgram, ALargeStartAndAFloodDoNotWaitForEachOther) {
  harness_.param("params", json::object{{"large", std::string(3'000'000, 'x')}});
  sh("i=0; while [ $i -lt 3000 ]; do say \"{\\\"type\\\":\\\"progress\\\",\\\"done\\\":$i}\"; "
     "i=$((i+1)); done; head -c 2000000 /dev/zero; head -n 1 <&3 | wc -c >&2");
  const auto run = harness_.run();
  EXPECT_EQ(message_of(run), "success");
  EXPECT_EQ(run.status.done, 2999U);
}

TEST_F(BadProgram, WhoAsksAndNeverReadsIsEnded) {
  python(
      "import os\n"
      "line = b'{\"type\":\"memo\",\"key\":\"k\",\"value\":\"' + b'v' * 500000 + b'\"}\\n'\n"
      "while True:\n"
      "    rest = line\n"
      "    while rest: rest = rest[os.write(4, rest):]\n");
  EXPECT_THAT(outcome(), HasSubstr("does not read the answers"));
}

TEST_F(BadProgram, AMillionMessagesAreTaken) {
  sh("yes '{\"type\":\"progress\",\"done\":7}' | head -n 1000000 >&4");
  const auto run = harness_.run();
  EXPECT_EQ(message_of(run), "success");
  EXPECT_EQ(run.status.done, 7U);
}

TEST_F(BadProgram, AnEndlessFloodOfMessagesAndOutputCanBeCancelled) {
  sh("yes '{\"type\":\"metric\",\"name\":\"m\",\"step\":1,\"value\":2}' >&4 & yes output");
  const auto run = harness_.stop_at_checkpoint(0).run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "cancelled");
}

TEST_F(BadProgram, OneThatIgnoresEveryRequestIsKilled) {
  sh("trap '' TERM; echo $$; say '{\"type\":\"checkpoint\",\"step\":1}'; while :; do :; done");
  const auto run = harness_.stop_at_checkpoint(1).run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "cancelled");
  const std::string pid = printed();
  EXPECT_TRUE(gone(pid.substr(0, pid.find('\n'))));
}

TEST_F(BadProgram, WhatItLeavesRunningIsEnded) {
  sh("tail -f /dev/null & echo $!");
  EXPECT_EQ(outcome(), "success");
  const std::string pid = printed().substr(0, printed().find('\n'));
  for (int i = 0; i < 500 && !gone(pid); ++i) ::poll(nullptr, 0, 10);
  EXPECT_TRUE(gone(pid));
}

TEST_F(BadProgram, WhoHoldsTheChannelOpenIsNotWaitedFor) {
  sh("mkfifo go; setsid sh -c 'echo $$; echo > go; exec tail -f /dev/null' & read -r line < go");
  EXPECT_EQ(outcome(), "success");
  EXPECT_EQ(::kill(std::stoi(printed()), SIGKILL), 0);
}

TEST_F(BadProgram, AKilledAttemptLeavesNoProgram) {
  sh("echo $$; say '{\"type\":\"checkpoint\",\"step\":1}'; while :; do :; done");
  EXPECT_TRUE(harness_.kill_at_checkpoint(1).run().killed);
  EXPECT_TRUE(gone(printed().substr(0, printed().find('\n'))));
}

}  // namespace
}  // namespace cairn::testing
