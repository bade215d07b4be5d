// The module for programs in Python, by programs that use it.
#include <gmock/gmock.h>

#include "tests/unit/exec/exec_fixture.h"

namespace cairn::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Adds random draws, keeps a file that only checkpoints hold, and dies behind the checkpoint of
// each step that has a file in params.die.
constexpr const char* kWalk = R"(
import os, shutil, signal
import cairn_stage

stage = cairn_stage.Stage()
if stage.resume_folder:
    shutil.copytree(stage.resume_folder, "notes")
else:
    os.mkdir("notes")
total = stage.resume_state or 0
for step in range(stage.resume_step or 0, stage.params["steps"]):
    total += stage.random("walk", step).randrange(1000)
    with open("notes/log", "a") as log:
        log.write("%d %d\n" % (step, total))
    stage.metric("total", step, total)
    stage.progress(step + 1, stage.params["steps"], "steps")
    shutil.copytree("notes", "saved", dirs_exist_ok=True)
    stage.checkpoint(step + 1, total, "saved")
    die = os.path.join(stage.params.get("die", "."), str(step + 1))
    if os.path.exists(die):
        os.remove(die)
        os.kill(os.getpid(), signal.SIGKILL)
shutil.copytree("notes", stage.output("notes"))
with open(stage.output("total"), "w") as out:
    out.write("%d\n" % total)
)";

class ExecPython : public ExecFixture {
 protected:
  void walk() {
    python(kWalk);
    harness_.param("params", json::object{{"steps", 5}}).seed(3);
    output("total");
    output("notes", "directory");
  }
};

TEST_F(ExecPython, AnAttemptKilledAtEveryCheckpointEndsWithTheSameBytes) {
  walk();
  EXPECT_EQ(harness_.check_resume(), "");
}

TEST_F(ExecPython, AProgramKilledAtEveryCheckpointEndsWithTheSameBytes) {
  walk();
  const auto reference = harness_.run();
  ASSERT_EQ(message_of(reference), "success");
  harness_.reset();
  const fs::path die = harness_.folder() / "die";
  fs::create_directory(die);
  harness_.param("params", json::object{{"steps", 5}, {"die", die.string()}});
  for (int step = 1; step <= 5; ++step) {
    std::ofstream(die / std::to_string(step)).flush();
    const auto killed = harness_.run();
    ASSERT_THAT(message_of(killed), HasSubstr("SIGKILL"));
    EXPECT_EQ(killed.checkpoints, std::vector<std::int64_t>{step});
  }
  const auto last = harness_.run();
  ASSERT_EQ(message_of(last), "success");
  EXPECT_EQ(last.outputs, reference.outputs);
  EXPECT_TRUE(last.checkpoints.empty());
}

TEST_F(ExecPython, EveryCallDoesWhatItSays) {
  python(R"(
import hashlib, random
import cairn_stage
stage = cairn_stage.Stage()
stage.metric("loss", 1, 0.25)
stage.metric("lost", 1, float("nan"))
stage.metric("speed", 1, 7, runtime=True)
stage.progress(1, 2, "rows")
stage.log("about to run out", "warning")
print(stage.params["name"], open(stage.input("one")).read(), len(stage.inputs("many")))
print(stage.inputs("absent"), stage.attempt, stage.resources["cpus"], stage.resume_step)
print(stage.cancelled, stage.seed, stage.random("a").random() == stage.random("a").random(),
      stage.random("a").random() == stage.random("a", 1).random())
key = hashlib.sha256(b'[18446744073709551615, "a", 1, "b"]').digest()
print(random.Random(int.from_bytes(key, "big")).random() == stage.random("a", 1, "b").random())
print(stage.memo("answer", lambda: {"n": 41})["n"], stage.memo("answer", lambda: 1 / 0)["n"])
open(stage.output("out"), "w").write("made")
)");
  output("out");
  harness_.param("params", json::object{{"name", "Ada"}})
      .input("one", file("one", "first"))
      .input("many", "/a")
      .input("many", "/b")
      .seed(18446744073709551615U);
  const auto run = harness_.run();
  ASSERT_EQ(message_of(run), "success") << printed();
  EXPECT_EQ(printed(),
            "Ada first 2\n[] 1 1 None\nFalse 18446744073709551615 True False\nTrue\n41 41\n");
  EXPECT_EQ(run.status.last_metrics.at("loss"), 0.25);
  EXPECT_EQ(run.status.last_metrics.at("speed"), 7);
  EXPECT_EQ(run.status.done, 1U);
  EXPECT_THAT(run.log, HasSubstr("about to run out"));
  EXPECT_EQ(read("out"), "made");
}

TEST_F(ExecPython, ACancelledStageSavesAndEnds) {
  python(R"(
import cairn_stage
stage = cairn_stage.Stage()
turns = 0
while not stage.cancelled:
    turns += 1
stage.checkpoint(1, {"turns": "some"})
)");
  const auto run = harness_.param("grace", "60s").stop_at_checkpoint(0).run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "cancelled");
  EXPECT_EQ(run.checkpoints, std::vector<std::int64_t>{1});
}

TEST_F(ExecPython, AnExceptionIsTheReason) {
  python("import cairn_stage\nstage = cairn_stage.Stage()\nraise ValueError('row 7 is odd')\n");
  EXPECT_THAT(outcome(),
              AllOf(HasSubstr("exit code 1: ValueError: row 7 is odd"), HasSubstr("Traceback")));
  python("import cairn_stage\ncairn_stage.Stage().fail('no rows')\n");
  EXPECT_THAT(outcome(), AllOf(HasSubstr("exit code 1: no rows"), Not(HasSubstr("Traceback"))));
}

TEST_F(ExecPython, MistakesAreToldInPythonsWords) {
  python("import cairn_stage\nstage = cairn_stage.Stage()\nstage.output('kep')\n");
  output("kept");
  EXPECT_THAT(outcome(), AllOf(HasSubstr("no output 'kep'"), HasSubstr("outputs: kept")));
  python("import cairn_stage\nstage = cairn_stage.Stage()\nstage.input('rows')\n");
  EXPECT_THAT(outcome(), HasSubstr("input 'rows' has 0 paths"));
  python("import cairn_stage\nstage = cairn_stage.Stage()\nstage.checkpoint(1, 'x' * 2000000)\n");
  EXPECT_THAT(outcome(), HasSubstr("large state belongs into files"));
}

TEST_F(ExecPython, TheModuleIsOfPython38) {
  python(
      "import ast, cairn_stage\n"
      "ast.parse(open(cairn_stage.__file__).read(), feature_version=(3, 8))\n");
  EXPECT_EQ(outcome(), "success");
}

TEST_F(ExecPython, StandardStreamsAsTheChannelLeavePrintAlone) {
  python(R"(
import subprocess
import cairn_stage
stage = cairn_stage.Stage()
print("printed", flush=True)
subprocess.run(["cat"])
subprocess.run(["echo", "of a child"])
stage.checkpoint(1)
)");
  const auto run = harness_.param("channel", "stdio").run();
  EXPECT_EQ(message_of(run), "success");
  EXPECT_EQ(run.checkpoints, std::vector<std::int64_t>{1});
  EXPECT_EQ(printed(), "printed\nof a child\n");
}

}  // namespace
}  // namespace cairn::testing
