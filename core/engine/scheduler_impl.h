// What the parts of the scheduler share. Private to core/engine.
//
//   scheduler.cpp           the public face
//   scheduler_control.cpp   pause, approve, derive, remove
//   scheduler_loop.cpp      turns: step, write, act
//   scheduler_tasks.cpp     `when`, lists, cache lookups: what is ready
//   scheduler_start.cpp     handing ready tasks to hosts
//   scheduler_reports.cpp   what hosts say
//   scheduler_hosts.cpp     hosts: beginning, end, deadlines
//   scheduler_recovery.cpp  runs that an earlier engine left
#pragma once

#include <mutex>
#include <unordered_map>

#include "core/engine/cache_key.h"
#include "core/engine/load.h"
#include "core/engine/resources.h"
#include "core/engine/scheduler.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn {

// Orders that a host has not begun this long after they were given are asked back: its tasks take
// longer than was thought, and others may have nothing to do.
inline constexpr Duration kRecallAfter{250};

// Everything the stage reads was made and is still counted on.
[[nodiscard]] bool has_inputs(const RunState& state, std::uint32_t stage);

// The event is what the request with this key changed; an empty id: it has none.
inline void note_request(Event& event, const v1::RequestKey& key) {
  if (!key.id().empty()) *event.mutable_request() = key;
}

struct Scheduler::Impl : std::enable_shared_from_this<Scheduler::Impl> {
  // The cache did not know it.
  struct Miss {
    std::string key;
    std::string note;
  };

  struct Run {
    RunState state;
    LiveTasks live;
    std::size_t order = 0;  // of submission, from 1: no other run of this engine has it, ever
    // A task that may run stands in one of: unchecked, ready, later; listed says so by number.
    std::vector<bool> listed;
    std::deque<std::uint32_t> unchecked;                       // the cache is still to be asked
    std::map<std::uint32_t, std::deque<std::uint32_t>> ready;  // by stage; not known there
    std::multimap<Duration, std::uint32_t> later;              // by monotonic time
    std::unordered_map<std::uint32_t, Miss> misses;            // of ready
    std::map<std::uint32_t, Digest> stage_keys;                // of this revision
    std::map<std::uint32_t, std::vector<std::string>> secret_variables;  // of this revision
    std::map<std::string, std::uint32_t> host_numbers;
    std::map<std::string, int> pools_held;
    std::shared_ptr<const RunState> origin;  // of a derived run; loaded when first asked for
    std::size_t busy_hosts = 0;
  };

  // An attempt a host was given.
  struct Order {
    std::uint32_t task = 0;
    std::uint64_t token = 0;
    Duration given_at{};               // monotonic
    std::optional<v1::Started> begun;  // said, not journaled yet
    std::optional<Duration> deadline;  // monotonic, of its timeout
    bool said_begun = false;
  };

  struct Host {
    HostHandle handle;
    bool exists = false;       // the executor started it, and the journal says so
    Run* run = nullptr;        // of its orders; null: idle
    std::deque<Order> orders;  // the host works them off in this order
    v1::ResourceLimits limits;
    std::map<std::string, int> pools;  // units it holds
    std::string kind;                  // what a task must match to be given this host
    std::vector<std::string> secret_variables;
    bool privileges = false;
    std::size_t depth = 1;      // orders it may have at a time
    std::size_t fast = 0;       // orders done fast since depth changed
    std::uint64_t applied = 0;  // reports of its spool up to here are journaled
    bool acknowledge = false;
    bool failed = false;   // an attempt here did not succeed: it gets no other
    bool greeted = false;  // it has attached once; what is sent before that is kept for it
    std::map<std::uint64_t, std::uint32_t> works;  // (revision, stage) -> number of StageWork
    std::size_t works_of = 0;                      // the order of the run they belong to
    std::uint32_t last_work = 0;
    std::vector<v1::EngineCommand> outbox;  // for after the batch
    Duration last_heard{};
    std::optional<Duration> idle_until;
    std::optional<Duration> recall_at;
    std::optional<Duration> kill_at;
    std::string kill_cause;  // not empty: it was killed
    std::string kill_message;
  };
  using HostEntry = std::pair<const std::string, Host>;

  // A live host whose run this engine does not serve.
  struct Held {
    std::string run;
    v1::ResourceLimits limits;
    ResourcePool::Units units;
    std::optional<v1::Hello> hello;  // it has attached, and has these orders still
    bool released = false;
  };

  Impl(boost::asio::io_context& io, SchedulerPorts ports, SchedulerConfig config);
  void connect();

  // ---- the loop ----
  // Runs work on the strand as part of a turn.
  void enter(std::function<void()> work);
  // enter(), for what must be durable when it returns.
  Result<void> act(const std::function<void()>& work);
  // From any thread.
  void post(std::function<void()> work);
  void pump();
  // Journals an event in this turn's batch and follows what comes of it.
  void emit(Run& run, Event event);
  // After this turn's batch is durable.
  void afterwards(std::function<void()> effect);
  void follow(Run& run, std::vector<Command> wanted);
  void carry_out(Run& run, const Command& command);
  void after_event(Run& run, const Event& event);
  void halt(Error error);
  void commit();
  void written(std::uint64_t sequence);
  void take_snapshot(Run& run);
  void flush_hosts();
  void watch_idle();
  void arm_timer();
  void tick();
  void retry_commit();

  // ---- tasks ----
  Event evaluate_when(const Run& run, std::uint32_t stage) const;
  Event expand(const Run& run, std::uint32_t stage) const;
  void list_stage(Run& run, std::uint32_t stage);
  void list_task(Run& run, std::uint32_t task);
  void check_some();
  void check(Run& run, std::uint32_t task);
  // The reuse of a known result, or nothing with the reason in the note.
  std::optional<Event> reuse(const Run& run, std::uint32_t task, const std::string& key,
                             const CacheEntry& known, std::string& note) const;
  std::optional<CacheEntry> result_of_origin(Run& run, std::uint32_t task, const std::string& key);
  void wake_later();
  [[nodiscard]] Digest& key_of_stage(Run& run, std::uint32_t stage);
  void put_cache(Run& run, std::uint32_t task);

  // ---- start ----
  void start_ready();
  bool place(Run& run);
  bool place(Run& run, std::uint32_t stage, std::deque<std::uint32_t>& tasks);
  HostEntry* find_host(Run& run, const StageSpec& stage, const v1::ResourceLimits* limits,
                       const std::string& kind);
  HostEntry& add_host(const v1::ResourceLimits& limits);
  static const std::vector<std::string>& secret_variables_of(Run& run, std::uint32_t stage);
  void give_order(Run& run, HostEntry& host, std::uint32_t task);
  static Event bound_event(std::uint32_t number, const Host& host);
  std::uint32_t number_of(Run& run, const HostEntry& host);
  void add_assignment(Run& run, Host& host, std::uint32_t task);
  [[nodiscard]] v1::StageWork stage_work(const Run& run, std::uint32_t stage,
                                         const v1::ResourceLimits& limits) const;
  void start_host(const std::string& name);

  // ---- reports ----
  void arrive(const std::string& host, std::vector<v1::HostReport> reports);
  void take_arrivals();
  void listen();
  void on_reports(const std::string& name, const std::vector<v1::HostReport>& reports);
  void on_stranger(const std::string& name, const std::vector<v1::HostReport>& reports);
  void on_other(const std::string& name, Held& host, const std::vector<v1::HostReport>& reports);
  void apply_report(HostEntry& host, const v1::HostReport& report);
  void note_begun(Host& host);
  void drain_spool(HostEntry& host);
  void resend_missing(HostEntry& host, const v1::Hello& hello);
  [[nodiscard]] Event finish_event(const Run& run, const Order& order,
                                   const v1::Finished& finished) const;
  void drop_order(HostEntry& host, std::uint64_t token);
  void renumber_orders(const Run& run);

  // ---- hosts ----
  void on_exit(const HostExit& exit);
  void end_orders(HostEntry& host, const std::string& cause, const std::string& message);
  void fail_attempt(Run& run, std::uint32_t task, const std::string& cause,
                    const std::string& message);
  void return_attempt(Run& run, std::uint32_t task);
  void stop_attempts(Run& run);
  void kill(Host& host, const std::string& cause, const std::string& message);
  void rest(HostEntry& host, bool reuse);
  void hold(Run& run, Host& host);
  void hold_units(Host& host, const StageSpec& stage);
  void give_units(Host& host, const ResourcePool::Units& units);
  void let_go(Host& host);
  void release(Host& host);
  void release_idle();
  [[nodiscard]] bool more_may_come() const;
  Result<void> remove_dead_hosts();
  void check_deadlines();
  [[nodiscard]] std::optional<Duration> next_deadline() const;
  [[nodiscard]] fs::path attempt_folder(const Run& run, std::uint32_t task) const;
  [[nodiscard]] v1::AttemptId id_of(const Run& run, std::uint32_t task) const;

  // ---- recovery ----
  Run& adopt_state(RunState state);
  // Ends or adopts the attempts that an earlier engine left live.
  void settle(Run& run);
  void hold_for_others(const RunState& state);
  Held give_for_others(const std::string& host);
  void settle_host(Run& run, const std::string& name, std::vector<std::uint32_t> tasks);
  Result<v1::RunResumed> resume(const std::string& run, ResumeOptions options);
  Result<WorkflowSpec> with_plugins_of_today(WorkflowSpec spec) const;
  Result<v1::RunResumed> preview(const std::string& run, const ResumeOptions& options) const;
  Result<void> recover(const std::string& run);
  Result<RunState> load(const std::string& run) const;
  std::map<std::string, std::string> lost_artifacts(const RunState& state, bool set_aside) const;
  // Whether this machine and its operator let every stage run.
  Result<void> check_stages(const WorkflowSpec& spec) const;
  Result<void> check_plugins(const WorkflowSpec& spec) const;
  Result<void> trust_plugins(const WorkflowSpec& spec) const;

  // ---- control ----
  Result<Run*> running(const std::string& run);
  // prepare: what must be there before the run is.
  Result<std::string> create(Event event, const std::string& request_id,
                             const std::function<Result<void>(const std::string& id)>& prepare);
  Result<std::string> derive(const DeriveOptions& options);
  Result<void> remove(const std::string& run);
  void forget_ended();
  Result<void> load_catalog();

  boost::asio::io_context& io;
  Strand strand;
  boost::asio::steady_timer timer;
  SchedulerPorts ports;
  SchedulerConfig config;
  ResourcePool pool;
  // Of the names of this store's hosts: others may use the folder where they write, too.
  const std::string host_prefix;

  std::map<std::string, std::unique_ptr<Run>> runs;
  std::map<std::string, Host> hosts;
  std::map<std::string, Held> others;
  std::map<int, std::function<void(const RunUpdate&)>> subscribers;
  std::vector<std::function<void()>> idle_callbacks;
  int last_subscriber = 0;
  std::size_t last_order = 0;
  // Every run of the store: by request id, and the largest id. Loaded when first needed.
  bool catalog_loaded = false;
  std::map<std::string, std::string> by_request;
  std::set<std::string> ids;
  WallTime newest_id{};

  std::mutex arrivals_mutex;
  // Guarded by it:
  std::vector<std::pair<std::string, std::vector<v1::HostReport>>> arrivals;
  bool listening;

  std::deque<std::function<void()>> inbox;
  std::deque<std::pair<Run*, Command>> commands;
  StoreBatch batch;
  std::vector<std::pair<Run*, Event>> journaled;  // this batch's events
  std::vector<std::function<void()>> after_batch;
  std::deque<std::function<void()>> effects;
  bool stepping = false;
  bool acting = false;
  bool was_idle = true;
  bool was_halted = false;
  bool flush_wanted = false;   // an outbox has something, though nothing may be journaled
  bool more_to_check = false;  // the cache lookups of this turn were cut short
  bool closing = false;        // interrupt_all: hosts are not kept
  bool dead = false;           // kill_all: nothing is journaled any more
  SchedulerTimings timings;
  std::optional<Duration> stalled_until;  // the disk was full: the batch is tried again then
  std::optional<Error> stall;
  std::optional<Error> failure;
};

}  // namespace cairn
