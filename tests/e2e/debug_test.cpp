// `cairn run --debug-stage`: the stage waits until a debugger has come.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>

#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTwo = R"(cairn: 1
name: two
stages:
  first: {uses: probe.count, with: {steps: 2}}
  second: {uses: probe.count, with: {steps: 2}, after: [first], timeout: 1s}
)";

TEST(DebugStage, WaitsForTheDebuggerAndThenGoesOn) {
  const Place place;
  const std::string file = place.write("two.yaml", kTwo);
  Running run(place, {"run", file, "--debug-stage", "second"});
  const std::string mark = "gdb -p ";
  ASSERT_TRUE(wait_until([&] { return run.err().find(mark) != std::string::npos; })) << run.err();
  const std::string err = run.err();
  const pid_t host = std::stoi(err.substr(err.find(mark) + mark.size()));
  EXPECT_THAT(err, HasSubstr("stage 'second' waits for a debugger"));
  EXPECT_THAT(err, HasSubstr("\"processId\": \"" + std::to_string(host) + "\""));
  ASSERT_EQ(::ptrace(PTRACE_SEIZE, host, nullptr, nullptr), 0) << std::strerror(errno);
  const Finished done = run.wait();
  EXPECT_EQ(done.exit_code, 0) << done.err;
}

TEST(DebugStage, KnowsTheStages) {
  const Place place;
  const Finished done =
      place.run({"run", place.write("two.yaml", kTwo).string(), "--debug-stage", "secnod"});
  EXPECT_EQ(done.exit_code, 4);
  EXPECT_THAT(done.err, HasSubstr("did you mean 'second'?"));
}

}  // namespace
}  // namespace cairn::e2e
