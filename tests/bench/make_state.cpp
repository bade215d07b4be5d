// make_state DIR runs N | make_state DIR attempts N DAYS: a state folder to look at that no machine
// has the time to make. N runs that have ended, with stages, outcomes and times like those of real
// ones; or one run of N attempts in bursts over some days, most of a millisecond. What is written
// is what an engine would have written: it is read back, and the numbers are printed.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "core/base/json.h"
#include "core/base/random.h"
#include "core/engine/load.h"
#include "core/store/rocks_store.h"

namespace cairn::bench {
namespace {

constexpr int kRunsAtOnce = 500;
constexpr int kAttemptsOfATask = 5;
constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kBegin = 1'790'000'000'000;  // ms since the epoch

StageSpec noop(const std::string& name, std::vector<std::string> after = {}) {
  StageSpec stage;
  stage.name = name;
  stage.uses = "noop";
  stage.after = std::move(after);
  stage.retry.max_attempts = kAttemptsOfATask;
  return stage;
}

Event event_at(std::int64_t time) {
  Event event;
  event.set_format(kEventFormat);
  event.set_time_ms(time);
  return event;
}

Event created(const std::string& run, const WorkflowSpec& spec, std::int64_t time) {
  Event event = event_at(time);
  event.mutable_run_created()->set_run(run);
  event.mutable_run_created()->set_workflow_json(canonical_json(to_json(spec)));
  return event;
}

Event bound(std::uint32_t number, std::int64_t time) {
  Event event = event_at(time);
  event.mutable_host_bound()->set_number(number);
  event.mutable_host_bound()->set_host("h" + std::to_string(number));
  event.mutable_host_bound()->set_executor("local");
  event.mutable_host_bound()->set_pid(1);
  return event;
}

struct Attempt {
  std::uint32_t task = 0;
  std::uint32_t number = 1;
  std::int64_t created = 0;
  std::int64_t started = 0;
  std::int64_t finished = 0;
  std::string cause;  // empty: it succeeded
};

// Three records; the token is its place among all attempts of the run.
void add_attempt(std::vector<Event>& events, const Attempt& attempt, std::uint64_t token) {
  Event begun = event_at(attempt.created);
  begun.mutable_attempt_started()->set_task(attempt.task);
  begun.mutable_attempt_started()->set_attempt(attempt.number);
  begun.mutable_attempt_started()->set_token(token);
  begun.mutable_attempt_started()->set_host(1);
  Event running = event_at(attempt.started);
  running.mutable_attempt_running()->set_task(attempt.task);
  running.mutable_attempt_running()->set_attempt(attempt.number);
  running.mutable_attempt_running()->set_started_ms(attempt.started);
  Event finished = event_at(attempt.finished);
  finished.mutable_attempt_finished()->set_task(attempt.task);
  finished.mutable_attempt_finished()->set_attempt(attempt.number);
  finished.mutable_attempt_finished()->set_reported(true);
  finished.mutable_attempt_finished()->set_started_ms(attempt.started);
  finished.mutable_attempt_finished()->set_cause(attempt.cause);
  if (!attempt.cause.empty()) finished.mutable_attempt_finished()->set_message("it went away");
  events.insert(events.end(), {begun, running, finished});
}

Result<RunState> write_run(RunStore& store, const std::string& run,
                           const std::vector<Event>& events) {
  StoreBatch batch;
  for (const Event& event : events) batch.journal.push_back({run, encode_event(event)});
  batch.summaries.push_back({run, "{}"});  // without one there is no such run
  CAIRN_TRY(store.append(batch));
  CAIRN_ASSIGN(RunState state, load_run(store, run));
  if (state.quarantined) return internal_error("run " + run + ": " + *state.quarantined);
  StoreBatch row;
  row.summaries.push_back({run, encode_row(state)});
  CAIRN_TRY(store.append(row));
  return state;
}

// A run's journal of a few records, and its row; the states differ as real ones do.
Result<void> make_runs(RunStore& store, int count) {
  auto spec = std::make_shared<WorkflowSpec>();
  spec->name = "nightly";
  spec->file = "nightly.yaml";
  spec->labels = {{"team", "rl"}};
  spec->stages = {noop("data"), noop("train", {"data"}), noop("eval", {"train"})};
  const std::string workflow = canonical_json(to_json(*spec));
  CAIRN_ASSIGN(RunState state, write_run(store, make_run_id(WallTime(Duration(kBegin)), 0),
                                         {created("0", *spec, kBegin)}));
  RandomStream random(7, "runs");
  for (int first = 0; first < count; first += kRunsAtOnce) {
    StoreBatch batch;
    for (int i = first; i < std::min(count, first + kRunsAtOnce); ++i) {
      const std::int64_t time = kBegin + 60'000LL * (i + 1);
      state.id = make_run_id(WallTime(Duration(time)), static_cast<std::uint64_t>(i));
      state.created_at = WallTime(Duration(time));
      state.started_at = state.created_at + Duration(20);
      state.finished_at = *state.started_at + Duration(1'000 + random.below(900'000));
      const bool failed = random.below(10) == 0;
      state.status = failed ? RunStatus::kFailed : RunStatus::kSucceeded;
      for (StageState& stage : state.stages) stage.in_phase = {};
      for (std::size_t s = 0; s < state.stages.size(); ++s) {
        const TaskPhase phase = failed && s > 0
                                    ? (s == 1 ? TaskPhase::kFailed : TaskPhase::kSkipped)
                                    : TaskPhase::kSucceeded;
        state.stages[s].in_phase[static_cast<std::size_t>(phase)] = 1;
        state.tasks[s].phase = phase;
      }
      state.tasks[2].metrics = {{"average", 0.3 + static_cast<double>(random.below(400)) / 1000}};
      Event event = event_at(time);
      event.mutable_run_created()->set_run(state.id);
      event.mutable_run_created()->set_workflow_json(workflow);
      Event end = event_at(time);
      end.mutable_run_finished()->set_status(to_string(state.status));
      batch.journal.push_back({state.id, encode_event(event)});
      batch.journal.push_back({state.id, encode_event(end)});
      batch.summaries.push_back({state.id, encode_row(state)});
    }
    CAIRN_TRY(store.append(batch));
  }
  std::printf("%d runs\n", count);
  return {};
}

Result<void> make_attempts(RunStore& store, int count, int days) {
  const int tasks = std::max(1, count / kAttemptsOfATask);
  WorkflowSpec spec;
  spec.name = "bursts";
  spec.stages = {noop("start"), noop("sweep", {"start"}), noop("report", {"sweep"})};
  Cells cells;
  for (int i = 0; i < tasks; ++i) {
    cells.labels.push_back("x=" + std::to_string(i));
    cells.params["x"].emplace_back(i);
  }
  spec.stages[1].cells = std::move(cells);
  const std::string run = make_run_id(WallTime(Duration(kBegin)), 1);
  std::vector<Event> events{created(run, spec, kBegin), bound(1, kBegin)};
  std::uint64_t token = 0;
  add_attempt(events, {0, 1, kBegin, kBegin + 5, kBegin + 60'000, ""}, ++token);
  // Attempt n of every task in burst n: a burst takes minutes, between them are days.
  const std::int64_t between = days * kDay / (kAttemptsOfATask - 1);
  std::int64_t last = 0;
  for (int n = 0; n < kAttemptsOfATask; ++n) {
    std::int64_t time = kBegin + 60'000 + n * (between - 600'000 / kAttemptsOfATask);
    for (int i = 0; i < tasks; ++i) {
      const auto number = static_cast<std::uint32_t>(i == 0 ? 1 : 2 + i);
      const std::int64_t took = i % 50 == 0 ? 20'000 : 1;
      const bool ends = n + 1 == kAttemptsOfATask;
      add_attempt(events,
                  {number, static_cast<std::uint32_t>(n + 1), time, time + 2, time + 2 + took,
                   ends ? "" : "crash"},
                  ++token);
      last = std::max(last, time + 2 + took);
      time += 150;
    }
  }
  add_attempt(events, {2, 1, last + 10, last + 15, last + 1'000, ""}, ++token);
  Event end = event_at(last + 1'001);
  end.mutable_run_finished()->set_status("succeeded");
  events.push_back(end);
  CAIRN_ASSIGN(const RunState state, write_run(store, run, events));
  std::size_t attempts = 0;
  for (const TaskState& task : state.tasks) attempts += task.attempts.size();
  std::printf("run %s: %s, %zu tasks, %zu attempts\n", run.c_str(), to_string(state.status),
              state.tasks.size(), attempts);
  return {};
}

int number_of(const char* text) {
  int number = 0;
  std::from_chars(text, text + std::strlen(text), number);
  return number;
}

int run(int count, char** words) {
  const std::string what = count > 3 ? words[2] : "";
  if ((what != "runs" || count != 4) && (what != "attempts" || count != 5)) {
    std::fprintf(stderr, "usage: make_state DIR runs N | make_state DIR attempts N DAYS\n");
    return 2;
  }
  auto store = open_rocks_store(words[1]);
  Result<void> made = store.ok() ? Result<void>() : Result<void>(store.error());
  if (made.ok())
    made = what == "runs" ? make_runs(**store, number_of(words[3]))
                          : make_attempts(**store, number_of(words[3]), number_of(words[4]));
  if (made.ok()) return 0;
  std::fprintf(stderr, "%s\n", made.error().to_string().c_str());
  return 1;
}

}  // namespace
}  // namespace cairn::bench

int main(int count, char** words) {
  return cairn::bench::run(count, words);
}
