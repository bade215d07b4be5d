#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/sdk/testing/stage_harness.h"

namespace cairn::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Shell : public ::testing::Test {
 protected:
  Shell() : harness_(stage_of(CAIRN_BINARY_DIR "/plugins/shell.so", "shell")) {}

  std::string read(const std::string& output) {
    return real_file_system().read(harness_.output(output)).value();
  }
  fs::path file(const std::string& name, const std::string& text) {
    const fs::path path = harness_.folder() / name;
    std::ofstream(path) << text;
    return path;
  }
  std::string failure(const std::string& script) {
    const auto run = harness_.param("run", json::string(script)).run();
    return run.failure ? run.failure->message : "success";
  }
  StageHarness harness_;
};

TEST_F(Shell, RunsInAnEmptyFolderWithFilesInputsAndEnvironment) {
  harness_
      .param("run",
             "ls > listing; cat script.txt \"$CAIRN_INPUT_MY_DATA\" > all; "
             "printf '%s' \"$NAME $NUMBER\" > env; mkdir d; echo deep > d/e")
      .param("files", json::array{file("script.txt", "script ").string()})
      .param("env", json::object{{"NAME", "a b"}, {"NUMBER", 3}})
      .param("outputs",
             json::object{{"listing", "listing"}, {"all", "all"}, {"env", "env"}, {"folder", "d"}})
      .input("my-data", file("input", "data\n"));
  for (const char* output : {"listing", "all", "env", "folder"}) harness_.expect_output(output);
  const auto run = harness_.run();
  ASSERT_FALSE(run.failure) << run.failure->message;
  EXPECT_EQ(read("listing"), "listing\nscript.txt\n");
  EXPECT_EQ(read("all"), "script data\n");
  EXPECT_EQ(read("env"), "a b 3");
  EXPECT_EQ(read("folder/e"), "deep\n");
}

TEST_F(Shell, AFolderMayBeWrittenWithASlashAtItsEnd) {
  fs::create_directory(harness_.folder() / "data");
  std::ofstream(harness_.folder() / "data/rows") << "3\n";
  harness_.param("files", json::array{(harness_.folder() / "data/").string()});
  EXPECT_EQ(failure("test -f data/rows"), "success");
}

TEST_F(Shell, AFailureKeepsExitCodeAndLastLines) {
  const std::string message =
      failure("for i in $(seq 100); do echo line $i; done; printf 'bad\\377byte\\n' >&2; exit 9");
  EXPECT_THAT(message, AllOf(HasSubstr("exit code 9"), HasSubstr("line 100"), HasSubstr("byte"),
                             Not(HasSubstr("line 50\n"))));
}

TEST_F(Shell, ASignalIsNamed) {
  EXPECT_THAT(failure("kill -KILL $$"), HasSubstr("SIGKILL"));
}

TEST_F(Shell, ACommandThatDoesNotExistSaysSo) {
  EXPECT_THAT(failure("no-such-command"), AllOf(HasSubstr("127"), HasSubstr("no-such-command")));
}

TEST_F(Shell, AMissingOutputIsInvalid) {
  harness_.param("run", "true").param("outputs", json::object{{"result", "made.txt"}});
  const auto run = harness_.expect_output("result").run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "invalid_output");
  EXPECT_THAT(run.log, HasSubstr("made.txt"));
}

TEST_F(Shell, OutputsStayInTheFolder) {
  for (const char* path : {"../escape", "/etc/hostname", ""}) {
    harness_.param("outputs", json::object{{"result", path}});
    EXPECT_THAT(failure("true"), HasSubstr("relative path")) << path;
  }
}

TEST_F(Shell, CancellingEndsTheCommand) {
  harness_.param("run", "sleep 1000");
  const auto run = harness_.stop_at_checkpoint(0).run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "cancelled");
}

}  // namespace
}  // namespace cairn::testing
