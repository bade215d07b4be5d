// A report counts where host, run and token are those of one live attempt, and nowhere else.
#include <limits>

#include "tests/unit/engine/scheduler_tools.h"

namespace cairn::testing {
namespace {

struct Live {
  std::string run;
  std::string host;
  std::uint64_t token = 0;
};

// A run whose second attempt is under way.
Live begin(Lab& lab) {
  StageSpec spec = stage("a", {}, 50);
  spec.retry = {.max_attempts = 3, .backoff = Duration(0), .by_cause = {}};
  lab.clock.advance(Duration(5));
  Live live;
  live.run = lab.scheduler->submit(workflow({spec}), {}).value();
  run_until(lab, [&] { return steps(lab, live.run, "a") >= 1; });
  lab.world.crash(host_of(lab.state(live.run), lab.task(live.run, "a").attempts[0]).handle.host);
  lab.poll();
  const TaskState& task = lab.task(live.run, "a");
  EXPECT_EQ(task.attempts.size(), 2U);
  live.host = host_of(lab.state(live.run), task.attempts.back()).handle.host;
  live.token = task.attempts.back().token;
  EXPECT_NE(task.attempts[0].token, live.token);
  return live;
}

TEST(AttemptToken, OfAnotherRunAnotherHostOrAnEarlierAttemptChangesNothing) {
  Lab lab;
  const Live first = begin(lab);
  const Live second = begin(lab);
  ASSERT_NE(first.host, second.host);
  const std::uint64_t before = lab.store.last_sequence();
  std::size_t tried = 0;
  for (const std::string& host : {first.host, second.host, std::string("nobody")}) {
    for (const std::string& run : {first.run, second.run, first.run.substr(1), first.run + " ",
                                   std::string(), std::string("nothing")}) {
      for (const std::uint64_t token :
           {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3},
            std::numeric_limits<std::uint64_t>::max()}) {
        const bool is_first = host == first.host && run == first.run && token == first.token;
        const bool is_second = host == second.host && run == second.run && token == second.token;
        if (is_first || is_second) continue;
        for (const std::uint32_t task : {0U, 1U}) {
          v1::HostReport report;
          report.mutable_attempt()->set_run(run);
          report.mutable_attempt()->set_task(task);
          report.mutable_attempt()->set_attempt(2);
          report.mutable_attempt()->set_token(token);
          for (const bool failed : {false, true}) {
            report.mutable_finished()->set_failure_cause(failed ? "error" : "");
            lab.world.inject(host, report);
            lab.poll();
            ++tried;
            ASSERT_EQ(lab.store.last_sequence(), before)
                << host << " says " << report.ShortDebugString();
          }
        }
      }
    }
  }
  EXPECT_GT(tried, 300U);
  for (const Live& live : {first, second})
    EXPECT_EQ(lab.task(live.run, "a").phase, TaskPhase::kRunning);
  // The same of the attempt itself counts.
  v1::HostReport report;
  report.mutable_attempt()->set_run(first.run);
  report.mutable_attempt()->set_attempt(2);
  report.mutable_attempt()->set_token(first.token);
  report.mutable_finished()->set_failure_cause("error");
  lab.world.inject(first.host, report);
  lab.poll();
  EXPECT_GT(lab.store.last_sequence(), before);
  EXPECT_EQ(lab.task(first.run, "a").attempts[1].cause, "error");
}

}  // namespace
}  // namespace cairn::testing
