// What a host does around a stage: watchdogs, a course with other parameters first, secrets.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "core/base/text.h"
#include "tests/unit/host/fake_engine.h"

namespace cairn::host {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class AroundAStage : public HostTest {
 protected:
  v1::Finished run(const Task& task) {
    engine_->assign(task);
    return engine_->finish();
  }
  std::string log() const { return real_file_system().read(attempt_folder().log()).value_or(""); }
  // Of the folder of the store, every file.
  std::string everything_stored() const {
    std::string all;
    for (const auto& entry : fs::recursive_directory_iterator(store_))
      if (entry.is_regular_file()) all += real_file_system().read(entry.path()).value();
    return all;
  }
};

TEST_F(AroundAStage, AWatchdogStopsTheStage) {
  start_host();
  Task walk = count({{"steps", 50}});
  auto* rule = walk.stage.add_watchdogs();
  rule->set_metric("other");
  rule = walk.stage.add_watchdogs();
  rule->set_metric("sum");
  rule->set_when(v1::Watchdog::ABOVE);
  rule->set_limit(-1);
  rule->set_points(3);
  const v1::Finished finished = run(walk);
  EXPECT_EQ(finished.failure_cause(), "error");
  EXPECT_THAT(finished.failure_message(),
              AllOf(HasSubstr("'sum'"), HasSubstr("above -1"), HasSubstr("step 0")));
  ASSERT_TRUE(finished.has_alarm());
  EXPECT_EQ(finished.alarm().rule(), 1u);
  EXPECT_EQ(finished.alarm().step(), 0);
  EXPECT_EQ(finished.alarm().metric(), "sum");
  EXPECT_EQ(finished.progress().done(), 3u);
  EXPECT_EQ(finished.outputs_size(), 0);
}

// Lines of the steps before the prelude's end have its payload, the others the run's own.
TEST_F(AroundAStage, ThePreludeRunsWithItsOwnParametersUpToItsStep) {
  start_host();
  Task walk = count({{"steps", 5}, {"checkpoint_every", 2}});
  walk.assignment.set_prelude_step(3);
  walk.assignment.set_prelude_params_json(R"({"payload": 4})");
  const v1::Finished finished = run(walk);
  ASSERT_EQ(finished.failure_cause(), "") << finished.failure_message();
  const std::string rollouts = artifact(finished, "rollouts");
  int step = 0;
  for (const auto line : split(trim(rollouts), '\n')) {
    const auto record = parse_json_object(line).value();
    EXPECT_EQ(record.at("step"), step);
    EXPECT_EQ(record.at("text"), step < 3 ? "xxxx" : "");
    ++step;
  }
  EXPECT_EQ(step, 5);

  // The step is reached: another attempt goes on behind it.
  walk = count({{"steps", 5}, {"checkpoint_every", 2}});
  walk.assignment.set_prelude_step(3);
  walk.assignment.set_prelude_params_json(R"({"fail_at": 4})");
  EXPECT_EQ(run(walk).failure_cause(), "");
}

TEST_F(AroundAStage, APreludeThatEndsBeforeItsStepIsAnError) {
  start_host();
  Task walk = count({{"steps", 5}});
  walk.assignment.set_prelude_step(100);
  const v1::Finished finished = run(walk);
  EXPECT_EQ(finished.failure_cause(), "error");
  EXPECT_THAT(finished.failure_message(), HasSubstr("never reached step 100"));
}

TEST_F(AroundAStage, LaterCheckpointsThanTheNewestAllowedAreRemoved) {
  start_host();
  EXPECT_EQ(run(count({{"steps", 9}, {"checkpoint_every", 2}, {"fail_at", 7}})).failure_cause(),
            "error");
  ASSERT_TRUE(fs::exists(task_.checkpoints() / "6"));
  Task walk = count({{"steps", 9}, {"checkpoint_every", 2}, {"fail_at", 5}});
  walk.assignment.set_newest_checkpoint(4);
  EXPECT_EQ(run(walk).failure_cause(), "error");
  EXPECT_THAT(log(), HasSubstr("continuing from the checkpoint at step 4"));
  EXPECT_FALSE(fs::exists(task_.checkpoints() / "6"));
}

TEST_F(AroundAStage, SecretsReachTheStageAndNothingElse) {
  ::setenv("CAIRN_TEST_SECRET", "opensesame", 1);
  const fs::path file = folder_ / "secret.txt";
  std::ofstream(file) << "s3cr3t-in-a-file\n";
  start_host();
  const v1::Finished finished =
      run(shell("test \"$ONE\" = opensesame && test \"$TWO\" = s3cr3t-in-a-file || exit 9\n"
                "printf 'one open'; sleep 0.1; printf 'sesame two %s open' \"$TWO\"; exit 3",
                {{"ONE", {{"$secret", "env:CAIRN_TEST_SECRET"}}},
                 {"TWO", {{"$secret", "file:" + file.string()}}}}));
  EXPECT_THAT(finished.failure_message(),
              AllOf(HasSubstr("exit code 3"), HasSubstr("one *** two *** open")));
  EXPECT_EQ(output_log(), "one *** two *** open");
  EXPECT_TRUE(fs::exists(attempt_folder().exit_record()));
  EXPECT_THAT(everything_stored(), AllOf(Not(HasSubstr("opensesame")), Not(HasSubstr("s3cr3t"))));
}

TEST_F(AroundAStage, SecretsAreNotInMessagesOfTheStage) {
  ::setenv("CAIRN_TEST_SECRET", "opensesame", 1);
  start_host();
  const auto failed = run(task(test_plugin("probe.so"), "probe.emit",
                               {{"fail", {{"$secret", "env:CAIRN_TEST_SECRET"}}}}, {"result"}));
  EXPECT_EQ(failed.failure_message(), "***");
}

TEST_F(AroundAStage, AMissingSecretIsNamed) {
  start_host();
  for (const char* reference : {"env:CAIRN_TEST_ABSENT", "file:/nonexistent/secret", "vault:x"}) {
    const auto finished = run(shell("true", {{"ONE", {{"$secret", reference}}}}));
    EXPECT_EQ(finished.failure_cause(), "error");
    EXPECT_THAT(finished.failure_message(), HasSubstr(reference));
    EXPECT_EQ(finished.started_ms(), 0);
  }
}

TEST_F(AroundAStage, ALongAttemptHasItsOutputWhileItRuns) {
  start_host();
  Task talk = task(test_plugin("misbehaving.so"), "bad.never_ends", {}, {});
  engine_->assign(talk);
  wait_until([&] { return fs::exists(attempt_folder().output_log()); });
  EXPECT_EQ(engine_->heartbeat().progress().done(), 0u);
}

}  // namespace
}  // namespace cairn::host
