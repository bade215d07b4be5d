// Changing runs: pause, approve, resume with other parameters, rerun, fork, delete.
#include <gtest/gtest.h>

#include "tests/e2e/server.h"

namespace cairn::e2e {
namespace {

TEST(Control, APausedRunStartsNothingMore) {
  const Place place;
  const Gates gates(place);
  Server server(place);
  expect_done(place.run({"submit", place
                                       .write("two.yaml", R"(cairn: 1
name: two
stages:
  first: {uses: probe.emit, with: {gate: ")" + gates.path("one") +
                                                              R"("}}
  second: {uses: probe.emit, after: [first]}
)")
                                       .string()}));
  ASSERT_TRUE(wait_until([&] {
    return stage_status(place.run_json({"get", "two"}), 0) == "running";
  }));
  EXPECT_EQ(place.run({"pause", "two"}).exit_code, 0);
  gates.open("one");
  ASSERT_TRUE(wait_until([&] {
    return stage_status(place.run_json({"get", "two"}), 0) == "succeeded";
  }));
  EXPECT_EQ(status_of(place.run_json({"get", "two"})), "paused");
  EXPECT_EQ(stage_status(place.run_json({"get", "two"}), 1), "pending");
  EXPECT_NE(place.run({"explain", "two/second"}).out.find("paused"), std::string::npos);
  EXPECT_EQ(status_of(place.run_json({"unpause", "two"})), "running");
  EXPECT_TRUE(becomes(place, "two", "succeeded"));
  EXPECT_EQ(place.run({"pause", "two"}).exit_code, 8);
}

// The engine of a run was killed; its host works on, and another command must leave it its
// processor.
TEST(Control, WhatHostsOfAnotherRunHoldIsNotGivenAway) {
  const Place place;
  const Gates gates(place);
  const auto walk = place.write("walk.yaml", walk_workflow(gates)).string();
  const auto hello = place.write("hello.yaml", kHelloWorkflow).string();
  Running first(place, {"run", walk, "--cpus", "1", "-q"});
  ASSERT_TRUE(gates.reached(0));
  first.signal(SIGKILL);
  first.wait();
  Running second(place, {"run", hello, "--cpus", "1"});
  ASSERT_TRUE(wait_until([&] { return second.err().find("cairn resume") != std::string::npos; }));
  EXPECT_EQ(place.hosts().size(), 1U);
  gates.open("go");
  const Finished done = second.wait();
  EXPECT_EQ(done.exit_code, 0) << done.err;
  const auto run = place.run_json({"resume", "walk", "-q"});
  EXPECT_EQ(status_of(run), "succeeded");
  EXPECT_EQ(stage_of(run, 0).at("attempts"), json::value(1)) << "what the host told was kept";
}

std::string asking(const std::string& name) {
  return "cairn: 1\nname: " + name + R"(
stages:
  made: {uses: probe.emit}
  release: {uses: probe.emit, inputs: {inputs: [made.result]}, approval: "Is it good?"}
)";
}

TEST(Control, AStageThatAsksWaitsForAPerson) {
  const Place place;
  Server server(place);
  for (const char* name : {"yes", "no"}) {
    expect_done(
        place.run({"submit", place.write(std::string(name) + ".yaml", asking(name)).string()}));
    ASSERT_TRUE(becomes(place, name, "waiting"));
  }
  EXPECT_NE(place.run({"explain", "yes/release"}).out.find("Is it good?"), std::string::npos);
  EXPECT_EQ(place.run({"approve", "yes", "nothing"}).exit_code, 4);
  EXPECT_EQ(place.run({"approve", "yes", "made"}).exit_code, 8);
  EXPECT_EQ(place.run({"approve", "yes", "release", "--by", "ada"}).exit_code, 0);
  EXPECT_EQ(place.run({"approve", "no", "release", "--reject"}).exit_code, 0);
  EXPECT_TRUE(becomes(place, "yes", "succeeded"));
  EXPECT_TRUE(becomes(place, "no", "failed"));
  EXPECT_NE(place.run({"explain", "yes/release"}).out.find("approved by ada"), std::string::npos);
}

// With `fail_at` it fails once the parameter says so; `pause` is a duration, which is kept as a
// number and must be given back as one.
constexpr const char* kFails = R"(cairn: 1
name: fails
params:
  fail_at: {type: int, default: 3}
  steps: {type: int, default: 6}
  pause: {type: duration, default: 5s}
stages:
  first: {uses: probe.emit}
  walk:
    uses: probe.count
    inputs: {before: first.result}
    with: {steps: "${params.steps}", fail_at: "${params.fail_at}"}
  last: {uses: probe.emit, inputs: {inputs: [walk.total]}}
)";

TEST(Control, ResumeWithOtherParametersSaysWhatItDoesAndDoesIt) {
  const Place place;
  const auto file = place.write("fails.yaml", kFails);
  EXPECT_EQ(
      place.run({"run", file.string(), "-q", "--set", "steps=8", "--set", "pause=7s"}).exit_code,
      1);
  fs::remove(file);  // its text is the run's
  const auto preview = place.run_json({"resume", "fails", "--set", "fail_at=-1", "--dry-run"});
  EXPECT_EQ(stage_of(preview, 0).at("action").as_string(), "reuse");
  EXPECT_EQ(stage_of(preview, 1).at("action").as_string(), "run");
  EXPECT_EQ(stage_of(preview, 1).at("differs"), json::value(json::array{"params.fail_at"}));
  EXPECT_EQ(status_of(place.run_json({"get", "fails"})), "failed") << "nothing was changed";
  const Finished table = place.run({"resume", "fails", "--dry-run"});
  EXPECT_NE(table.out.find("continue from step 2"), std::string::npos) << table.out;
  EXPECT_EQ(place.run({"resume", "fails", "--set", "fail_at=many"}).exit_code, 3);
  EXPECT_EQ(place.run({"resume", "fails", "--from", "nothing"}).exit_code, 4);

  const auto resumed = place.run_json({"resume", "fails", "-q", "--set", "fail_at=-1"});
  EXPECT_EQ(status_of(resumed), "succeeded");
  const auto& params = resumed.as_object().at("params").as_object();
  EXPECT_EQ(params.at("steps"), json::value(8)) << "kept from the first revision";
  EXPECT_EQ(params.at("pause"), json::value(7000));
  EXPECT_EQ(resumed.as_object().at("revision"), json::value(2));
}

TEST(Control, RerunMakesANewRunFromAStageOn) {
  const Place place;
  const auto file = place.write("fails.yaml", kFails).string();
  const auto first = place.run_json({"run", file, "-q", "--set", "fail_at=-1"});
  ASSERT_EQ(status_of(first), "succeeded");
  const auto again = place.run_json({"rerun", "fails", "--from", "walk", "-q"});
  ASSERT_EQ(status_of(again), "succeeded");
  EXPECT_NE(again.as_object().at("id"), first.as_object().at("id"));
  EXPECT_TRUE(stage_of(again, 0).at("cached").as_bool());
  EXPECT_FALSE(stage_of(again, 1).at("cached").as_bool());
  EXPECT_EQ(digests(again), digests(first));
  EXPECT_EQ(place.run({"rerun", "fails", "--from", "nothing"}).exit_code, 4);
  EXPECT_EQ(place.run({"rerun", "fails"}).exit_code, 2);
}

TEST(Control, ForkGoesItsOwnWayFromAStep) {
  const Place place;
  const auto file = place.write("fails.yaml", kFails).string();
  const auto first = place.run_json({"run", file, "-q", "--set", "fail_at=-1"});
  ASSERT_EQ(status_of(first), "succeeded");
  const auto forked = place.run_json({"fork", "fails", "--at", "walk:4", "--set", "steps=9", "-q"});
  ASSERT_EQ(status_of(forked), "succeeded");
  EXPECT_EQ(forked.as_object().at("origin").as_object().at("how").as_string(), "fork");
  EXPECT_EQ(forked.as_object().at("params").as_object().at("steps"), json::value(9));
  EXPECT_TRUE(stage_of(forked, 0).at("cached").as_bool());
  EXPECT_NE(digests(forked), digests(first));
  EXPECT_EQ(place.run({"fork", "fails", "--at", "walk:x"}).exit_code, 2);
}

TEST(Control, DeleteForgetsWhatHasEnded) {
  const Place place;
  const Gates gates(place);
  Server server(place);
  expect_done(place.run({"submit", place.write("walk.yaml", walk_workflow(gates)).string()}));
  ASSERT_TRUE(gates.reached(0));
  EXPECT_EQ(place.run({"delete", "walk"}).exit_code, 8);
  gates.open("go");
  ASSERT_TRUE(becomes(place, "walk", "succeeded"));
  const auto id = std::string(place.run_json({"get", "walk"}).as_object().at("id").as_string());
  EXPECT_EQ(place.run({"delete", "walk"}).exit_code, 0);
  EXPECT_EQ(place.run({"get", id}).exit_code, 4);
  EXPECT_FALSE(fs::exists(place.state() / "store/runs" / id));
  EXPECT_EQ(place.run({"delete", "walk"}).exit_code, 4);
}

TEST(Control, CancelWithoutAServerEndsWhatWasLeftRunning) {
  const Place place;
  const Gates gates(place);
  Running engine(place, {"run", place.write("walk.yaml", walk_workflow(gates)).string()});
  ASSERT_TRUE(gates.reached(0));
  engine.signal(SIGKILL);
  engine.wait();
  EXPECT_EQ(place.run({"delete", "walk"}).exit_code, 8) << "its host may still work";
  const Finished cancelled = place.run({"cancel", "walk"});
  EXPECT_EQ(cancelled.exit_code, 0) << cancelled.err;
  EXPECT_EQ(status_of(place.run_json({"get", "walk"})), "cancelled");
  EXPECT_TRUE(wait_until([&] { return place.hosts().empty(); }));
}

}  // namespace
}  // namespace cairn::e2e
