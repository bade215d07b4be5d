// Scheduler: carries out what step() decides.
//
// One turn of its loop, all on one strand:
//   1. take the events that have arrived, and those that follow from them at once
//   2. step each; give free resources to queued tasks (that makes events, too)
//   3. write all of them as one synced batch
//   4. only then act: start hosts, send assignments, acknowledge reports, tell subscribers
// When a write fails the scheduler halts: it acts no more, failure() says why, and whatever was
// not acknowledged did not happen.
//
// Thread contract: call everything on strand(), or while nothing runs the io_context. Reports and
// exits may arrive on any thread. Callbacks are called on the strand and may call back.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "core/base/histogram.h"
#include "core/engine/artifacts.h"
#include "core/engine/executor.h"
#include "core/engine/host_link.h"
#include "core/engine/state.h"
#include "core/engine/step.h"
#include "core/store/run_store.h"
#include "core/workflow/expression.h"

namespace cairn {

// What the machine offers to all runs together.
struct ResourceTotals {
  std::uint32_t cpus = 1;
  std::uint64_t memory_bytes = 0;    // 0: memory is not accounted
  std::vector<std::string> gpus;     // device ids
  std::map<std::string, int> pools;  // of the operation's config; a workflow's own are its run's
};

struct SchedulerConfig {
  ResourceTotals totals;
  Duration lease{120'000};        // a host silent for longer is killed: node_failed
  Duration cancel_grace{30'000};  // between Cancel and a kill
  Duration warm_host{10'000};     // how long an idle host is kept for the next attempt; 0: not
  bool keep_warm = false;         // also while no run is running: another may come
  // Tasks handed to a host ahead of time, where its tasks take microseconds; 1: none.
  std::size_t queue_depth = 256;
  // A snapshot of a run is taken after so many events, and four more for each of its tasks.
  std::size_t snapshot_events = 4096;
  std::uint64_t free_space = 0;  // bytes of the store's disk below which nothing new starts
  // What hosts report waits until recover() or hold_for_others() was called: before, hosts that an
  // earlier engine left cannot be told from those of nobody.
  bool recovers_first = false;
  bool privileges = false;  // stages may ask for `privileges: inherit`
};

// Whether a stage's `when` holds.
using WhenEvaluator =
    std::function<Result<bool>(const std::string& expression, const ConditionScope& scope)>;

struct SchedulerPorts {
  RunStore& store;
  Artifacts& artifacts;
  Executor& executor;
  HostLink& link;
  SpoolReader& spools;
  const Clock& clock;
  FileSystem& files;
  std::function<std::uint64_t()> random;  // for run ids and host names only
  WhenEvaluator when = evaluate_condition;
  // Of the library at a path, as it is now.
  std::function<Result<Digest>(const std::string& library)> plugin_digest = [](const auto& path) {
    return hash_file(path);
  };
  // Whether code of this library may run on behalf of whoever submits it.
  std::function<Result<void>(const std::string& library)> trust_plugin = [](const auto&) {
    return Result<void>();
  };
  // A run with `notify` waits for a person or has ended: "waiting", "failed", "succeeded", ...
  std::function<void(const RunState& state, const std::string& what)> notify;
  // Bytes free where the store lies.
  std::function<std::uint64_t()> free_space = [] { return ~std::uint64_t{0}; };
  // A clock for what takes less than a millisecond; it decides nothing.
  std::function<std::int64_t()> nanoseconds = [] {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  };
};

// How long the engine takes for what everything waits for, since its start.
struct SchedulerTimings {
  Histogram lag;     // between what happens outside and the turn that takes it up
  Histogram commit;  // one synced batch of the journal
};

struct SubmitOptions {
  std::optional<std::string> name;
  std::optional<std::uint64_t> seed;
  std::string request_id;  // the same id twice gives the same run
  std::int32_t priority = 0;
  std::string environment_json;
  std::string traceparent;  // of who asks (W3C Trace Context); none, or no valid one: a new trace
};

struct ResumeOptions {
  std::optional<WorkflowSpec> workflow;  // of the next revision
  std::optional<std::string> from;
  bool accept_changed_plugins = false;
  v1::RequestKey key;  // journaled with the new revision; not where nothing is reopened
};

// A run made from another: what stands before `stage` keeps its results.
struct DeriveOptions {
  std::string run;
  std::string stage;
  bool fork = false;                     // else rerun: the stage and what follows run anew
  std::int64_t step = -1;                // of a fork: the step where the paths part
  std::optional<WorkflowSpec> workflow;  // of the new run
  bool accept_changed_plugins = false;
  std::string request_id;
  std::string environment_json;
  std::string traceparent;  // as SubmitOptions'
};

// What heartbeats say; never journaled.
struct LiveTask {
  v1::Progress progress;
  std::map<std::string, double> metrics;
  std::uint64_t log_bytes = 0;
  std::uint64_t metric_bytes = 0;
  Duration last_heard{};  // monotonic
};
// By task number.
using LiveTasks = std::map<std::uint32_t, LiveTask>;

struct RunUpdate {
  const RunState& state;   // after the event
  std::uint64_t sequence;  // 0 for a heartbeat
  const Event* event;      // null for a heartbeat
};

class Scheduler {
 public:
  Scheduler(boost::asio::io_context& io, SchedulerPorts ports, SchedulerConfig config);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // The run is durable when this returns its id. kInvalidArgument: a stage needs more than the
  // machine has.
  [[nodiscard]] Result<std::string> submit(WorkflowSpec workflow, const SubmitOptions& options);
  // kNotFound: no such run or stage. kConflict: a result it builds on is not there.
  [[nodiscard]] Result<std::string> derive(const DeriveOptions& options);
  // Takes up a run that this or an earlier engine left: reads spools, adopts hosts that live,
  // checks artifacts, reopens what did not succeed as a new revision. Returns that revision as
  // journaled. kNotFound; kConflict when this engine already runs it, or a plugin has changed.
  [[nodiscard]] Result<v1::RunResumed> resume(const std::string& run, const ResumeOptions& options);
  // What resume would reopen; changes nothing.
  [[nodiscard]] Result<v1::RunResumed> preview_resume(const std::string& run,
                                                      const ResumeOptions& options);
  // Takes up runs that are marked running, as they were: all of them before anything new starts,
  // so that what is held by hosts that live on is known. Returns those that could not be, and why.
  [[nodiscard]] Result<std::map<std::string, Error>> recover(const std::vector<std::string>& runs);
  // Leaves what live hosts of other unfinished runs hold alone: those of an engine that died, whose
  // runs this one does not serve. For a command that serves one run of a store. Returns those runs.
  [[nodiscard]] Result<std::vector<std::string>> hold_for_others();
  // The same runs, as far as they are still left alone. Reads nothing.
  [[nodiscard]] std::vector<std::string> other_runs() const;
  // Of these three, `key` is journaled with the change; its id may be empty.
  // Cancels one run. Durable when it returns; ends when its attempts have stopped.
  [[nodiscard]] Result<void> cancel(const std::string& run, const v1::RequestKey& key = {});
  // A paused run starts nothing more; what runs goes on.
  [[nodiscard]] Result<void> pause(const std::string& run, bool paused,
                                   const v1::RequestKey& key = {});
  // kNotFound: no such stage. kConflict: it does not ask.
  [[nodiscard]] Result<void> approve(const std::string& run, const std::string& stage,
                                     bool approved, const std::string& by,
                                     const v1::RequestKey& key = {});
  // Forgets an ended run: its journal and the folders of its attempts. Artifacts stay until gc.
  [[nodiscard]] Result<void> remove(const std::string& run);
  // Removes what hosts of earlier engines of this store left: those that died with their engine
  // while they had no work. Only where every run with a running task is served by this engine.
  [[nodiscard]] Result<void> remove_dead_hosts();
  // Asks every attempt to save a checkpoint and stop; runs end interrupted, and no host is kept.
  void interrupt_all();
  // Ends every host by force; the journal says nothing of it, as after kill -9.
  void kill_all();

  // Null: this engine does not run it. Runs that have ended are given up after some time.
  [[nodiscard]] const RunState* find(const std::string& run) const;
  [[nodiscard]] LiveTasks live(const std::string& run) const;
  [[nodiscard]] std::vector<std::string> runs() const;

  // After the update is durable. Returns an id for unsubscribe.
  int subscribe(std::function<void(const RunUpdate&)> callback);
  void unsubscribe(int id);

  // No run of this engine is unfinished and no host is left.
  [[nodiscard]] bool idle() const;
  // Called once each time idle() becomes true or the scheduler halts.
  void on_idle(std::function<void()> callback);
  [[nodiscard]] const std::optional<Error>& failure() const;
  // While the journal's disk is full: nothing new is promised, and it goes on once there is space.
  [[nodiscard]] const std::optional<Error>& stall() const;

  [[nodiscard]] const SchedulerTimings& timings() const;

  // Acts on deadlines that have passed on the injected clock. An internal timer calls it; tests
  // that move the clock by hand call it, too.
  void tick();

  using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
  [[nodiscard]] Strand& strand();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace cairn
