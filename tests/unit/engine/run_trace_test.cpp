#include "core/engine/run_trace.h"

#include <gtest/gtest.h>

#include <set>

#include "core/base/trace_context.h"
#include "tests/unit/engine/engine_harness.h"

namespace cairn::testing {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kGiven = "00-" + kTrace + "-b7ad6b7169203331-01";

TEST(RunTrace, IsTheOneThatWasGivenOrFollowsFromTheRunsId) {
  EXPECT_EQ(run_traceparent("r1", kGiven), kGiven);
  const std::string made = run_traceparent("r1", "");
  ASSERT_TRUE(parse_traceparent(made)) << made;
  EXPECT_EQ(run_traceparent("r1", ""), made);
  EXPECT_EQ(run_traceparent("r1", "00-$(reboot)\n"), made);
  EXPECT_NE(run_traceparent("r2", ""), made);
}

TEST(RunTrace, AttemptsHaveSpansOfTheirOwnThatStayTheSame) {
  Lab lab;
  SubmitOptions options;
  options.traceparent = kGiven;
  const std::string run =
      lab.scheduler->submit(workflow({stage("a"), stage("b", {"a"})}), options).value();
  lab.run_to_end(run);
  const RunState state = load_run(lab.store, run).value();
  EXPECT_EQ(state.traceparent, kGiven);
  std::set<std::string> spans;
  for (const std::uint32_t task : {0U, 1U}) {
    for (const std::uint32_t attempt : {1U, 2U}) {
      const auto context = parse_traceparent(attempt_traceparent(state, task, attempt));
      ASSERT_TRUE(context);
      EXPECT_EQ(context->trace_id, kTrace);
      EXPECT_TRUE(context->sampled);
      spans.insert(context->span_id);
    }
  }
  EXPECT_EQ(spans.size(), 4U);
  // Another engine says the same of them.
  lab.kill_engine();
  lab.start();
  const RunState again = load_run(lab.store, run).value();
  EXPECT_EQ(attempt_traceparent(again, 1, 2), attempt_traceparent(state, 1, 2));
}

TEST(RunTrace, ARunOfAnOlderBuildHasOneToo) {
  Lab lab;
  const std::string run = lab.scheduler->submit(workflow({stage("a")}), {}).value();
  lab.poll();
  RunState state = load_run(lab.store, run).value();
  const std::string span = attempt_traceparent(state, 0, 1);
  EXPECT_TRUE(parse_traceparent(span));
  state.traceparent.clear();
  EXPECT_EQ(attempt_traceparent(state, 0, 1), span);
}

}  // namespace
}  // namespace cairn::testing
