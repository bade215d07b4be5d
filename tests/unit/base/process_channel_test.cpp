// The channel between a program and its caller, with well and badly behaved programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "core/base/subprocess.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;

// A program in sh that talks through its channel: `say WORDS` and `hear` stand for either kind.
class Talk {
 public:
  explicit Talk(const std::string& script, ProcessChannel channel = ProcessChannel::kDescriptors) {
    const bool standard = channel == ProcessChannel::kStandard;
    ProcessSpec spec;
    spec.argv = {"/bin/sh", "-c",
                 std::string("say() { echo \"$@\" ") + (standard ? "" : ">&4") +
                     "; }; hear() { read -r heard " + (standard ? "" : "<&3") + "; }; " + script};
    spec.environment = {"PATH=/usr/bin:/bin"};
    spec.folder = fs::temp_directory_path();
    spec.channel = channel;
    ProcessHooks hooks;
    hooks.output = [this](bool, std::string_view bytes) { output += bytes; };
    hooks.channel = [this](std::string_view bytes) { said += bytes; };
    hooks.stop = [this] { return stop; };
    process_ = RunningProcess::start(spec, std::move(hooks)).value();
  }

  RunningProcess& process() { return *process_; }
  // Goes on until the program has said a text; false when it ended without.
  bool await(const std::string& text) {
    while (said.find(text) == std::string::npos)
      if (!process_->step()) return said.find(text) != std::string::npos;
    return true;
  }
  ProcessEnd finish() {
    while (process_->step()) {
    }
    return process_->end();
  }

  std::string said;
  std::string output;
  bool stop = false;

 private:
  std::unique_ptr<RunningProcess> process_;
};

class EitherChannel : public ::testing::TestWithParam<ProcessChannel> {};

TEST_P(EitherChannel, CarriesWordsBothWaysBesideTheOutput) {
  Talk talk("say first; hear; say \"<$heard>\"; echo noise >&2; exit 5", GetParam());
  ASSERT_TRUE(talk.await("first\n"));
  talk.process().send("a word\n");
  EXPECT_EQ(talk.finish().exit_code, 5);
  EXPECT_EQ(talk.said, "first\n<a word>\n");
  EXPECT_EQ(talk.output, "noise\n");
}

TEST_P(EitherChannel, ALongMessageAndAFloodOfOutputDoNotWaitForEachOther) {
  Talk talk(
      "head -c 2000000 /dev/zero >&2; i=0; while [ $i -lt 2000 ]; do say $i; i=$((i+1)); done; "
      "hear; say ${#heard}",
      GetParam());
  talk.process().send(std::string(3'000'000, 'x') + "\n");
  EXPECT_TRUE(talk.finish().success());
  EXPECT_THAT(talk.said, HasSubstr("\n1999\n3000000\n"));
  EXPECT_EQ(talk.output.size(), 2'000'000U);
}

TEST_P(EitherChannel, WhatIsSaidWithTheLastBreathIsHeard) {
  Talk talk("say one; say two; printf half " +
                std::string(GetParam() == ProcessChannel::kStandard ? "" : ">&4"),
            GetParam());
  EXPECT_TRUE(talk.finish().success());
  EXPECT_EQ(talk.said, "one\ntwo\nhalf");
}

INSTANTIATE_TEST_SUITE_P(ProcessChannel, EitherChannel,
                         ::testing::Values(ProcessChannel::kDescriptors, ProcessChannel::kStandard),
                         [](const auto& info) {
                           return info.param == ProcessChannel::kStandard ? "Standard"
                                                                          : "Descriptors";
                         });

TEST(ProcessChannel, AProgramThatNeverReadsKeepsNobodyWaiting) {
  Talk talk("say up; while [ ! -e /proc/$$/absent ]; do :; done");
  ASSERT_TRUE(talk.await("up"));
  talk.process().send(std::string(1'000'000, 'x'));
  EXPECT_GT(talk.process().unsent(), 0U);
  EXPECT_TRUE(talk.process().step());
  talk.stop = true;
  EXPECT_TRUE(talk.finish().stopped);
  EXPECT_EQ(talk.process().unsent(), 0U);
}

TEST(ProcessChannel, WhatNobodyReadsAnyMoreIsDropped) {
  Talk talk("exec 3<&-; say closed; exec 4>&-; echo on; exit 0");
  ASSERT_TRUE(talk.await("closed"));
  talk.process().send(std::string(1'000'000, 'x'));
  EXPECT_EQ(talk.process().unsent(), 0U);
  EXPECT_TRUE(talk.finish().success());
  EXPECT_EQ(talk.output, "on\n");
}

TEST(ProcessChannel, AProgramMayEndBeforeItReads) {
  Talk talk("exit 6");
  talk.process().send(std::string(1'000'000, 'x'));
  EXPECT_EQ(talk.finish().exit_code, 6);
  talk.process().send("too late");
  EXPECT_EQ(talk.process().unsent(), 0U);
}

TEST(ProcessChannel, WhoHoldsTheChannelOpenAfterTheProgramIsNotWaitedFor) {
  Talk talk("setsid sh -c 'echo $$ >&4; exec tail -f /dev/null' & hear");
  ASSERT_TRUE(talk.await("\n"));
  talk.process().send("go\n");
  EXPECT_TRUE(talk.finish().success());
  EXPECT_EQ(::kill(std::stoi(talk.said), SIGKILL), 0) << "the holder was gone already";
}

TEST(ProcessChannel, AFloodDoesNotHideThatItIsTimeToStop) {
  Talk talk("trap '' TERM; while :; do say flood; done");
  ASSERT_TRUE(talk.await("flood"));
  talk.stop = true;
  const ProcessEnd end = talk.finish();
  EXPECT_TRUE(end.stopped);
  EXPECT_EQ(end.signal, SIGKILL);
}

TEST(ProcessChannel, LettingGoOfItEndsTheProgram) {
  std::string pid;
  {
    Talk talk("say $$ end; tail -f /dev/null");
    ASSERT_TRUE(talk.await("end"));
    pid = talk.said.substr(0, talk.said.find(' '));
  }
  EXPECT_FALSE(fs::exists("/proc/" + pid));
}

TEST(ProcessChannel, WithoutOneTheProgramHasNoFurtherDescriptor) {
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", "if (: >&3) 2>/dev/null; then echo open; else echo none; fi; cat"};
  spec.environment = {"PATH=/usr/bin:/bin"};
  std::string seen;
  ProcessHooks hooks;
  hooks.output = [&](bool, std::string_view bytes) { seen += bytes; };
  EXPECT_TRUE(run_process(spec, hooks)->success());
  EXPECT_EQ(seen, "none\n");
}

}  // namespace
}  // namespace cairn
