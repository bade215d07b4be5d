// The host process with an engine that is there: attempts, reports, bad stages, cancellation.
#include <gmock/gmock.h>

#include <csignal>
#include <fstream>

#include "core/engine/host_link.h"
#include "core/host/exit_record.h"
#include "tests/unit/host/fake_engine.h"

namespace cairn::host {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(HostTest, RunsAnAttemptAndReportsInOrder) {
  start_host();
  const Task walk = count({{"steps", 5}, {"checkpoint_every", 2}});
  engine_->assign(walk);
  const auto hello = engine_->next();
  EXPECT_EQ(hello.hello().host(), "host-1");
  EXPECT_EQ(hello.hello().pid(), host_);
  EXPECT_GT(hello.hello().pid_start_ticks(), 0u);

  const auto started = engine_->next();
  ASSERT_TRUE(started.has_started());
  EXPECT_GT(started.started().time_ms(), 0);
  const auto fingerprint = parse_json_object(started.started().fingerprint_json()).value();
  EXPECT_EQ(fingerprint.at("threads"), 2);
  EXPECT_TRUE(engine_->next().has_checkpoint());
  const auto second = engine_->next();
  EXPECT_EQ(second.checkpoint().step(), 4);
  EXPECT_EQ(second.sequence(), 3u);
  EXPECT_EQ(second.attempt().token(), walk.id().token());
  const auto last = engine_->next();
  ASSERT_TRUE(last.has_finished());
  EXPECT_EQ(last.finished().failure_cause(), "") << last.finished().failure_message();
  ASSERT_EQ(last.finished().outputs_size(), 2);
  EXPECT_EQ(last.finished().last_metrics().count("sum"), 1u);
  EXPECT_EQ(last.finished().progress().done(), 5u);
  EXPECT_EQ(last.finished().started_ms(), started.started().time_ms());
  EXPECT_GE(last.finished().finished_ms(), last.finished().started_ms());
  for (const auto& output : last.finished().outputs())
    EXPECT_EQ(digest_of(artifact(last.finished(), output.name())), output.digest());

  const auto reports = spooled();
  ASSERT_THAT(reports, SizeIs(4));
  EXPECT_EQ(reports.back().SerializeAsString(), last.SerializeAsString());
  const auto record = read_exit_record(real_file_system(), attempt_folder().exit_record()).value();
  EXPECT_EQ(record.cause, "");
  EXPECT_EQ(record.token, walk.id().token());

  engine_->acknowledge(last);
  engine_->release();
  EXPECT_EQ(wait_for_host(), 0);
}

TEST_F(HostTest, AWarmHostRunsTheNextAttemptWithItsOwnLog) {
  start_host();
  engine_->assign(task(test_plugin("misbehaving.so"), "bad.binary", {}, {}));
  EXPECT_EQ(engine_->finish().failure_message(), "printed what it liked");
  EXPECT_EQ(host_output(), "");
  const std::string printed = output_log();
  EXPECT_EQ(printed.size(), 256u);
  engine_->assign(task(test_plugin("probe.so"), "probe.environment", {}, {"result"}));
  const v1::Finished finished = engine_->finish();
  ASSERT_EQ(finished.outputs_size(), 1);
  EXPECT_EQ(finished.outputs(0).digest(), digest_of("2 2 2 ''\n"));
  EXPECT_EQ(output_log(), "");
  engine_->release();
  EXPECT_EQ(wait_for_host(), 0);
}

// The process ends; the spool holds no end, and the last lines say what happened. They stand in the
// host's own file, for the attempt was too short to have one; SpoolReader hands them on.
TEST_F(HostTest, AStageThatTakesTheProcessWithItLeavesALastLine) {
  const std::vector<std::tuple<std::string, int, std::string>> cases = {
      {"bad.exits", 3, "exit(3)"},
      {"bad.null", -SIGSEGV, "SIGSEGV"},
      {"bad.stack", -SIGSEGV, "SIGSEGV"}};
  for (const auto& [stage_type, ending, line] : cases) {
    start_host();
    engine_->assign(task(test_plugin("misbehaving.so"), stage_type, {}, {}));
    EXPECT_EQ(wait_for_host(), ending) << stage_type;
    EXPECT_FALSE(fs::exists(attempt_folder().exit_record())) << stage_type;
    for (const auto& report : spooled()) EXPECT_FALSE(report.has_finished()) << stage_type;
    const auto reader = file_spool_reader(real_file_system(), store_);
    EXPECT_THAT(reader->last_output("host-1", attempt_folder().root), HasSubstr(line));
    reader->remove("host-1");
    EXPECT_FALSE(fs::exists(host_files_.root));
    EXPECT_THAT(output_log(), HasSubstr(line)) << stage_type;
  }
}

TEST_F(HostTest, FailuresNameTheirCause) {
  start_host();
  const auto cause = [&](const std::string& stage_type, const std::vector<std::string>& outputs) {
    engine_->assign(task(test_plugin("misbehaving.so"), stage_type, {}, outputs));
    const v1::Finished finished = engine_->finish();
    EXPECT_EQ(finished.outputs_size(), 0);
    return finished.failure_cause() + ": " + finished.failure_message();
  };
  EXPECT_EQ(cause("bad.throws", {}), "error: the stage threw: the dog ate it");
  EXPECT_THAT(cause("bad.oom", {}), HasSubstr("oom: "));
  EXPECT_THAT(cause("bad.no_output", {"result"}),
              AllOf(HasSubstr("invalid_output: "), HasSubstr("'result'")));
  EXPECT_THAT(cause("bad.unheard_of", {}), HasSubstr("no stage type 'bad.unheard_of'"));
  engine_->release();
  EXPECT_EQ(wait_for_host(), 0);
}

TEST_F(HostTest, AnotherLibraryThanThePlannedOneIsRefused) {
  start_host();
  Task other = count({});
  other.stage.set_plugin_digest(digest_of("another build"));
  engine_->assign(other);
  const v1::Finished finished = engine_->finish();
  EXPECT_THAT(finished.failure_message(), HasSubstr("has changed since"));
  EXPECT_EQ(finished.started_ms(), 0);
}

TEST_F(HostTest, ACancelledWalkContinuesInTheNextAttempt) {
  const json::object plain{{"steps", 6}, {"checkpoint_every", 2}};
  const auto expected = undisturbed(plain);
  json::object gated = plain;
  gated["gates"] = gates_.string();

  start_host();
  const Task first = count(gated);
  engine_->assign(first);
  reached(0);
  for (const char* gate : {"go-0", "go-1", "go-2"}) open_gate(gate);
  reached(3);
  EXPECT_EQ(engine_->heartbeat().progress().total(), 6u);
  engine_->cancel(first.id());
  EXPECT_EQ(engine_->finish().failure_cause(), "cancelled");

  open_gate("go");
  engine_->assign(count(gated));
  EXPECT_EQ(digests(engine_->finish()), expected);
  EXPECT_FALSE(expected.empty());
  const std::string log = real_file_system().read(attempt_folder().log()).value();
  EXPECT_THAT(log, HasSubstr("checkpoint at step 3"));
}

TEST_F(HostTest, SigtermSavesACheckpointAndEndsTheHost) {
  start_host();
  engine_->assign(count({{"gates", json::string(gates_.string())}}));
  reached(0);
  open_gate("go-0");
  reached(1);
  signal_host(SIGTERM);
  EXPECT_EQ(engine_->finish().failure_cause(), "preempted");
  EXPECT_EQ(wait_for_host(), 0);
  EXPECT_TRUE(fs::exists(task_.checkpoints() / "1/manifest.json"));
}

TEST_F(HostTest, ASecondSigtermEndsAHostWhoseStageWillNotStop) {
  start_host();
  engine_->assign(task(test_plugin("misbehaving.so"), "bad.never_ends", {}, {}));
  while (!engine_->next().has_started()) {
  }
  signal_host(SIGTERM);
  wait_until(
      [&] { return (host_output() + output_log()).find("told to stop") != std::string::npos; });
  signal_host(SIGTERM);
  EXPECT_EQ(wait_for_host(), 5);
}

}  // namespace
}  // namespace cairn::host
