// The command line as a user meets it: exit codes, what is printed where, two at once, bad plugins.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <csignal>

#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {
namespace {

constexpr const char* kHello = R"(cairn: 1
name: hello
stages:
  greet: {uses: shell, with: {run: "echo hello > t", outputs: {text: t}}}
  shout:
    uses: shell
    inputs: {text: greet.text}
    with: {run: "tr a-z A-Z < $CAIRN_INPUT_TEXT > t", outputs: {loud: t}}
)";

constexpr const char* kEndless = R"(cairn: 1
name: endless
stages:
  wait: {uses: shell, with: {run: "tail -f /dev/null"}}
)";

std::string one_stage(const std::string& uses) {
  return "cairn: 1\nname: one\nstages:\n  bad: {uses: " + uses +
         "}\n  good: {uses: shell, with: {run: \"true\"}}\n";
}

const json::object& stage_of(const json::value& run, std::size_t index) {
  return run.as_object().at("stages").as_array().at(index).as_object();
}

std::string error_text(const json::object& stage) {
  const auto* error = stage.if_contains("error");
  return error == nullptr ? "" : json::serialize(*error);
}

TEST(Commands, RunPrintsTheIdFirstAndOneDocument) {
  const Place place;
  const auto file = place.write("hello.yaml", kHello).string();
  const Finished table = place.run({"run", file});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_EQ(table.err.rfind("run ", 0), 0U) << table.err;
  EXPECT_NE(table.out.find("succeeded"), std::string::npos);

  const Finished quiet = place.run({"run", file, "-q", "-o", "json"});
  EXPECT_EQ(quiet.exit_code, 0);
  EXPECT_EQ(quiet.err, "");
  const json::value run = json::parse(quiet.out);
  EXPECT_EQ(status_of(run), "succeeded");
  for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(stage_of(run, i).at("cached").as_bool());
  EXPECT_EQ(run, place.run_json({"get", "@latest"}));
}

TEST(Commands, ExitCodesAreTheContract) {
  const Place place;
  const auto hello = place.write("hello.yaml", kHello).string();
  EXPECT_EQ(place
                .run({"run", place
                                 .write("f.yaml", R"(cairn: 1
name: f
stages: {a: {uses: shell, with: {run: "exit 7"}}}
)")
                                 .string()})
                .exit_code,
            1);
  EXPECT_EQ(place.run({"run"}).exit_code, 2);
  EXPECT_EQ(place.run({"walk", hello}).exit_code, 2);
  EXPECT_EQ(place.run({"run", place.write("empty.yaml", "").string()}).exit_code, 3);
  EXPECT_EQ(place.run({"run", "nowhere.yaml"}).exit_code, 4);
  EXPECT_EQ(place.run({"get", "nobody"}).exit_code, 4);
  EXPECT_EQ(place.run({"logs", "f/nothing"}).exit_code, 4);
  EXPECT_EQ(place.run({"run", hello}).exit_code, 0);
  EXPECT_EQ(place.run({"cancel", "hello"}).exit_code, 8);
  EXPECT_EQ(place.run({"resume", "f"}).exit_code, 1);
}

TEST(Commands, FailureTellsCauseAndLastLines) {
  const Place place;
  const auto run = place.run_json({"run", "-q",
                                   place
                                       .write("f.yaml", R"(cairn: 1
name: f
stages:
  a: {uses: shell, with: {run: "echo working; echo boom >&2; kill -SEGV $$"}}
  b: {uses: noop, after: [a]}
)")
                                       .string()});
  EXPECT_EQ(status_of(run), "failed");
  EXPECT_NE(error_text(stage_of(run, 0)).find("SIGSEGV"), std::string::npos);
  EXPECT_NE(error_text(stage_of(run, 0)).find("boom"), std::string::npos);
  EXPECT_EQ(stage_of(run, 1).at("status").as_string(), "skipped");
  EXPECT_NE(place.run({"explain", "@latest/b"}).out.find("stage a failed"), std::string::npos);
  EXPECT_NE(place.run({"logs", "@latest/a"}).out.find("working"), std::string::npos);
}

TEST(Commands, TheStateFolderHasOneHolderAndManyReaders) {
  const Place place;
  const auto hello = place.write("hello.yaml", kHello).string();
  Running first(place, {"run", place.write("endless.yaml", kEndless).string()});
  ASSERT_TRUE(wait_until([&] {
    const auto run = place.run_json({"get", "@latest"});
    return status_of(run) == "running" && stage_of(run, 0).at("status").as_string() == "running";
  }));
  const Finished second = place.run({"run", hello});
  EXPECT_EQ(second.exit_code, 8);
  EXPECT_NE(second.err.find(std::to_string(first.pid())), std::string::npos) << second.err;
  EXPECT_NE(second.err.find("--state-dir"), std::string::npos);
  EXPECT_EQ(place.run({"list"}).exit_code, 0);
  EXPECT_EQ(place.run({"explain", "@latest"}).exit_code, 0);

  EXPECT_EQ(place.run({"cancel", "endless"}).exit_code, 0);
  EXPECT_EQ(first.wait().exit_code, 6);
  EXPECT_TRUE(wait_until([&] { return place.hosts().empty(); }));
}

TEST(Commands, InterruptLeavesARunThatResumeTakesUp) {
  const Place place;
  const fs::path gates = place.folder() / "gates";
  fs::create_directory(gates);
  Running running(place, {"run", place
                                     .write("walk.yaml", R"(cairn: 1
name: walk
stages:
  walk: {uses: probe.count, with: {steps: 6, gates: ")" + gates.string() +
                                                             R"("}}
)")
                                     .string()});
  place.write("gates/go-0", "");
  place.write("gates/go-1", "");
  place.write("gates/go-2", "");
  ASSERT_TRUE(wait_until([&] { return fs::exists(gates / "reached-3"); }));
  running.signal(SIGINT);
  const Finished interrupted = running.wait();
  EXPECT_EQ(interrupted.exit_code, 130) << interrupted.err;
  EXPECT_NE(interrupted.out.find("cairn resume"), std::string::npos) << interrupted.out;
  EXPECT_EQ(status_of(place.run_json({"get", "walk"})), "interrupted");

  place.write("gates/go", "");
  fs::remove(gates / "reached-0");
  EXPECT_EQ(place.run({"resume", "walk"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(gates / "reached-0")) << "the steps before the checkpoint ran again";
}

TEST(Commands, InterruptedAgainItEndsAtOnceAndSaysSo) {
  const Place place;
  Running running(place, {"run", place
                                     .write("never.yaml", R"(cairn: 1
name: never
stages:
  never: {uses: bad.never_ends}
)")
                                     .string()});
  ASSERT_TRUE(wait_until([&] { return running.err().find("started") != std::string::npos; }));
  running.signal(SIGINT);
  ASSERT_TRUE(wait_until([&] { return running.err().find("again") != std::string::npos; }));
  running.signal(SIGINT);
  const Finished interrupted = running.wait();
  EXPECT_EQ(interrupted.exit_code, 130) << interrupted.err;
  EXPECT_NE(interrupted.out.find("interrupted"), std::string::npos) << interrupted.out;
  EXPECT_EQ(interrupted.out.find("running"), std::string::npos) << interrupted.out;
  EXPECT_TRUE(wait_until([&] { return place.hosts().empty(); }));
}

class BadStage : public testing::TestWithParam<std::string> {};

TEST_P(BadStage, FailsAloneWithItsCause) {
  const Place place;
  const auto run =
      place.run_json({"run", "-q", place.write("bad.yaml", one_stage(GetParam())).string()});
  EXPECT_EQ(status_of(run), "failed");
  EXPECT_EQ(stage_of(run, 0).at("status").as_string(), "failed");
  EXPECT_NE(error_text(stage_of(run, 0)), "");
  EXPECT_EQ(stage_of(run, 1).at("status").as_string(), "succeeded");
}

INSTANTIATE_TEST_SUITE_P(Misbehaving, BadStage,
                         testing::Values("bad.throws", "bad.throws_oddly", "bad.exits", "bad.null",
                                         "bad.stack", "bad.no_output"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = std::isalnum(c) != 0 ? c : '_';
                           return name;
                         });

TEST(Commands, AStageThatNeverEndsMeetsItsTimeout) {
  const Place place;
  const auto run = place.run_json({"run", "-q",
                                   place
                                       .write("never.yaml", R"(cairn: 1
name: never
stages:
  never: {uses: bad.never_ends, timeout: 1s}
)")
                                       .string()});
  EXPECT_EQ(status_of(run), "failed");
  EXPECT_NE(error_text(stage_of(run, 0)).find("timeout"), std::string::npos);
  EXPECT_TRUE(wait_until([&] { return place.hosts().empty(); }));
}

TEST(Commands, BinaryOutputIsKeptAndPrintedHarmlessly) {
  const Place place;
  const auto run =
      place.run_json({"run", "-q", place.write("binary.yaml", one_stage("bad.binary")).string()});
  EXPECT_EQ(stage_of(run, 1).at("status").as_string(), "succeeded");
  const Finished logs = place.run({"logs", "@latest/bad"});
  EXPECT_EQ(logs.exit_code, 0);
  EXPECT_EQ(logs.out.find('\x1b'), std::string::npos) << "an escape sequence reached the terminal";
}

TEST(Commands, ALostArtifactIsMadeAgainByResume) {
  const Place place;
  const auto run = place.run_json({"run", "-q", place.write("hello.yaml", kHello).string()});
  ASSERT_EQ(status_of(run), "succeeded");
  const fs::path lost = std::string(
      stage_of(run, 1).at("outputs").as_object().at("loud").as_object().at("path").as_string());
  fs::permissions(lost.parent_path(), fs::perms::owner_all);
  fs::remove(lost);
  const Finished resumed = place.run({"resume", "@latest"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_TRUE(fs::exists(lost));
  EXPECT_EQ(digests(place.run_json({"get", "@latest"})), digests(run));
}

}  // namespace
}  // namespace cairn::e2e
