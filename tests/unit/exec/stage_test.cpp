// The stage as a program sees it: what it is given, what it may ask, how it ends.
#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

#include "tests/unit/exec/exec_fixture.h"

namespace cairn::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ExecStage : public ExecFixture {};

TEST_F(ExecStage, TheProgramIsToldWhatItNeeds) {
  python(
      "import json, os\n"
      "line = os.fdopen(3).readline()\n"
      "open(json.loads(line)['outputs']['start'], 'w').write(line)\n"
      "print(open('script.txt').read(), os.listdir(), os.getcwd() == "
      "json.loads(line)['temp_dir'])\n");
  harness_
      .param("files", json::array{(harness_.folder() / "program.py").string(),
                                  file("script.txt", "from a file").string()})
      .param("params", json::object{{"steps", 3}})
      .input("rows", "/in/a")
      .input("rows", "/in/b")
      .seed(18446744073709551615U)
      .resources({2, 4096, 0});
  output("start");
  const auto run = harness_.run();
  ASSERT_EQ(message_of(run), "success");
  const auto start = json::parse(read("start")).as_object();
  EXPECT_EQ(start.at("type").as_string(), "start");
  EXPECT_EQ(start.at("protocol").as_int64(), 1);
  EXPECT_EQ(start.at("params"), (json::value{{"steps", 3}}));
  EXPECT_EQ(start.at("inputs"), (json::value{{"rows", json::array{"/in/a", "/in/b"}}}));
  EXPECT_EQ(start.at("seed").as_string(), "18446744073709551615");
  EXPECT_EQ(start.at("attempt").as_int64(), 1);
  EXPECT_EQ(start.at("resources").as_object().at("cpus").as_int64(), 2);
  EXPECT_TRUE(start.at("checkpoint").is_null());
  EXPECT_TRUE(fs::is_directory(std::string(start.at("work_dir").as_string())));
  EXPECT_THAT(printed(),
              AllOf(HasSubstr("from a file"), HasSubstr("'script.txt'"), HasSubstr("True")));
}

TEST_F(ExecStage, WhatItSaysReachesTheContext) {
  sh(R"(say '{"type":"progress","done":2,"total":4,"unit":"rows"}'
        say '{"type":"metric","name":"loss","step":1,"value":0.5}'
        say '{"type":"metric","name":"speed","step":1,"value":7,"runtime":true}'
        say '{"type":"log","level":"warning","message":"nearly out of rows"}'
        echo to output; echo to error >&2)");
  const auto run = harness_.run();
  ASSERT_EQ(message_of(run), "success");
  EXPECT_EQ(run.status.done, 2U);
  EXPECT_EQ(run.status.total, 4U);
  EXPECT_EQ(run.status.unit, "rows");
  EXPECT_EQ(run.status.last_metrics.at("loss"), 0.5);
  EXPECT_EQ(run.status.last_metrics.at("speed"), 7);
  EXPECT_THAT(run.log, AllOf(HasSubstr("nearly out of rows"), HasSubstr("warning")));
  EXPECT_EQ(printed(), "to output\nto error\n");
}

TEST_F(ExecStage, TheProgramIsSearchedInPathAndMayBeOneOfTheFiles) {
  harness_.param("command", json::array{"no-such-program"});
  EXPECT_THAT(outcome(), AllOf(HasSubstr("no-such-program"), HasSubstr("PATH")));
  const fs::path script = file("own", "#!/bin/sh\necho $0 $1 ran\n");
  fs::permissions(script, fs::perms::owner_all);
  harness_.param("command", json::array{"./own", "a b; c"})
      .param("files", json::array{script.string()});
  EXPECT_EQ(outcome(), "success");
  EXPECT_EQ(printed(), "./own a b; c ran\n");
  harness_.param("command", json::array{});
  EXPECT_THAT(outcome(), HasSubstr("must begin with a program"));
}

TEST_F(ExecStage, TheEnvironmentIsTheHostsWithEnvOnTop) {
  sh("echo $NAME $CAIRN_EXEC_READ_FD $CAIRN_EXEC_WRITE_FD $PYTHONPATH");
  harness_.param("env", json::object{{"NAME", 3}, {"PYTHONPATH", "/mine"}});
  EXPECT_EQ(outcome(), "success");
  EXPECT_EQ(printed(), "3 3 4 " CAIRN_BINARY_DIR "/plugins/python:/mine\n");
  harness_.param("env", json::object{{"NAME", json::array{}}});
  EXPECT_THAT(outcome(), HasSubstr("NAME"));
}

TEST_F(ExecStage, StandardInputAndOutputAreTheChannelOnDemand) {
  harness_.param("channel", "stdio")
      .param("command", json::array{"sh", "-c",
                                    R"(read -r heard; echo "heard ${#heard}" >&2
             echo '{"type":"checkpoint","step":1}'; read -r heard; echo "$heard" >&2)"});
  const auto run = harness_.run();
  EXPECT_EQ(message_of(run), "success");
  EXPECT_EQ(run.checkpoints, std::vector<std::int64_t>{1});
  EXPECT_THAT(printed(), HasSubstr("{\"type\":\"saved\",\"step\":1}"));
  harness_.param("command", json::array{"echo", "hello"});
  EXPECT_THAT(outcome(), AllOf(HasSubstr("line 1 "), HasSubstr("the line is: hello")));
}

TEST_F(ExecStage, AFailureTellsTheReasonAndTheLastOutput) {
  sh("say '{\"type\":\"error\",\"message\":\"no rows left\"}'; echo boom >&2; exit 9");
  EXPECT_THAT(outcome(),
              AllOf(HasSubstr("exit code 9: no rows left"), HasSubstr("last output:\n  boom")));
  sh("kill -KILL $$");
  EXPECT_THAT(outcome(), HasSubstr("SIGKILL"));
}

TEST_F(ExecStage, AMissingOutputIsInvalid) {
  sh("exit 0");
  output("kept", "qa");
  const auto run = harness_.run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "invalid_output");
  EXPECT_THAT(run.log, HasSubstr("outputs.kept"));
}

TEST_F(ExecStage, AnOutputNeedsAKind) {
  sh("exit 0");
  harness_.param("outputs", json::object{{"kept", 5}});
  EXPECT_THAT(outcome(), HasSubstr("parameter 'outputs.kept' must be a string, not 5"));
}

TEST_F(ExecStage, ACheckpointComesBackWithItsFiles) {
  python(R"(
import json, os, sys
hear, say = os.fdopen(3), os.fdopen(4, "w")
checkpoint = json.loads(hear.readline())["checkpoint"]
if checkpoint:
    weights = open(checkpoint["folder"] + "/deep/w").read()
    sys.exit(print(checkpoint["step"], checkpoint["state"], weights))
os.makedirs("keep/deep")
open("keep/deep/w", "w").write("weights")
print(json.dumps({"type": "checkpoint", "step": 4, "state": {"at": [1, "x"]}, "folder": "keep"}),
      file=say, flush=True)
print(hear.readline(), os.listdir("keep"))
sys.exit(1)
)");
  EXPECT_THAT(outcome(), HasSubstr("exit code 1"));
  EXPECT_EQ(printed(), "{\"type\":\"saved\",\"step\":4}\n []\n");
  EXPECT_EQ(outcome(), "success");
  EXPECT_EQ(printed(), "4 {'at': [1, 'x']} weights\n");
}

TEST_F(ExecStage, StepsOfCheckpointsGrow) {
  sh("say '{\"type\":\"checkpoint\",\"step\":4}'; hear; say "
     "'{\"type\":\"checkpoint\",\"step\":4}'; "
     "hear; hear");
  EXPECT_THAT(outcome(), AllOf(HasSubstr("line 2 "), HasSubstr("greater than 4")));
}

TEST_F(ExecStage, AFolderOfACheckpointLiesInsideOfTheTemporaryOne) {
  sh("say '{\"type\":\"checkpoint\",\"step\":4,\"folder\":\"/etc\"}'; hear; hear");
  EXPECT_THAT(outcome(), AllOf(HasSubstr("line 1 "), HasSubstr("below the program's temp_dir")));
}

TEST_F(ExecStage, AnAnswerIsMadeOnceForAllAttempts) {
  const std::string ask = "hear; say '{\"type\":\"memo\",\"key\":\"q\"}'; hear; echo \"$heard\"; ";
  const std::string store =
      "say '{\"type\":\"progress\",\"done\":1}'; say '{\"type\":\"memo\",\"key\":\"q\",\"value\":";
  sh(ask + store + "[41]}'; hear; echo \"$heard\"; exit 1");
  EXPECT_THAT(outcome(), HasSubstr("exit code 1"));
  EXPECT_EQ(printed(),
            "{\"type\":\"memo\",\"key\":\"q\",\"known\":false,\"value\":null}\n"
            "{\"type\":\"memo\",\"key\":\"q\",\"known\":true,\"value\":[41]}\n");
  sh(ask);
  EXPECT_EQ(outcome(), "success");
  EXPECT_EQ(printed(), "{\"type\":\"memo\",\"key\":\"q\",\"known\":true,\"value\":[41]}\n");
  // Stored without a question: what was journaled first stays the answer.
  sh("hear; " + store + "9}'; hear; echo \"$heard\"");
  EXPECT_EQ(outcome(), "success");
  EXPECT_THAT(printed(), HasSubstr("\"value\":[41]"));
}

TEST_F(ExecStage, OneQuestionAtATime) {
  sh("say '{\"type\":\"memo\",\"key\":\"a\"}'; say '{\"type\":\"memo\",\"key\":\"b\"}'; hear; "
     "hear; "
     "hear");
  EXPECT_THAT(outcome(), AllOf(HasSubstr("line 2 "), HasSubstr("should be stored first")));
}

TEST_F(ExecStage, AProgramMayEndWithAQuestionOpenAndTheNextAttemptIsAskedAgain) {
  sh("say '{\"type\":\"memo\",\"key\":\"a\"}'; hear; hear; exit ${EXIT:-0}");
  EXPECT_EQ(outcome(), "success");
  harness_.param("env", json::object{{"EXIT", 7}});
  EXPECT_THAT(outcome(), HasSubstr("exit code 7"));
  sh("hear; say '{\"type\":\"memo\",\"key\":\"a\"}'; hear; echo \"$heard\"");
  EXPECT_EQ(outcome(), "success");
  EXPECT_THAT(printed(), HasSubstr("\"known\":false"));
}

TEST_F(ExecStage, ACheckpointMayBeSavedWhileAQuestionIsOpen) {
  sh("hear; say '{\"type\":\"memo\",\"key\":\"a\"}'; hear; say "
     "'{\"type\":\"checkpoint\",\"step\":1}'; "
     "hear; echo \"$heard\"; say '{\"type\":\"memo\",\"key\":\"a\",\"value\":1}'; hear; echo "
     "$heard");
  const auto run = harness_.run();
  EXPECT_EQ(message_of(run), "success");
  EXPECT_THAT(printed(), AllOf(HasSubstr("saved"), HasSubstr("\"known\":true")));
}

TEST_F(ExecStage, ACancelledProgramMaySaveACheckpointAndEnd) {
  sh("hear; hear; echo \"$heard\"; say '{\"type\":\"checkpoint\",\"step\":8}'; hear; echo $heard");
  const auto run = harness_.param("grace", "60s").stop_at_checkpoint(0).run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "cancelled");
  EXPECT_EQ(run.checkpoints, std::vector<std::int64_t>{8});
  EXPECT_THAT(printed(), HasSubstr("{\"type\":\"cancel\"}\n"));
}

TEST_F(ExecStage, AProgramStoppedAtACheckpointHearsItBeforeTheAnswer) {
  sh("hear; say '{\"type\":\"checkpoint\",\"step\":8}'; hear; echo $heard; hear; echo $heard");
  const auto run = harness_.param("grace", "60s").stop_at_checkpoint(1).run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "cancelled");
  EXPECT_EQ(printed(), "{\"type\":\"cancel\"}\n{\"type\":\"saved\",\"step\":8}\n");
}

TEST_F(ExecStage, ACancelledProgramThatFailsIsCancelled) {
  sh("hear; hear; printf '{\"type\":' >&4; exit 3");
  const auto run = harness_.stop_at_checkpoint(0).run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "cancelled");
}

TEST_F(ExecStage, AfterTheGraceComeTheSignals) {
  sh("trap 'echo asked; exit 0' TERM; say '{\"type\":\"checkpoint\",\"step\":1}'; hear; hear; "
     "hear; echo heard; while :; do :; done");
  const auto run = harness_.param("grace", "1s").stop_at_checkpoint(1).run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "cancelled");
  EXPECT_EQ(printed(), "heard\nasked\n");
}

TEST_F(ExecStage, TheGraceIsADuration) {
  sh("exit 0");
  for (const char* wrong : {"5", "soon", "-1s"}) {
    harness_.param("grace", wrong);
    EXPECT_THAT(outcome(), HasSubstr("parameter 'grace'")) << wrong;
  }
}

TEST_F(ExecStage, TheSeedIsPartOfTheKey) {
  EXPECT_TRUE(stage_of(CAIRN_BINARY_DIR "/plugins/exec.so", "exec").declaration().random);
}

}  // namespace
}  // namespace cairn::testing
