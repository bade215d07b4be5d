// What the parts of the scheduler share. Private to core/engine.
//
//   scheduler.cpp           the public face
//   scheduler_loop.cpp      turns: step, write, act
//   scheduler_tasks.cpp     cache lookups, `when`, handing out resources, assignments
//   scheduler_hosts.cpp     reports, exits, deadlines
//   scheduler_recovery.cpp  runs that an earlier engine left
#pragma once

#include "core/engine/load.h"
#include "core/engine/scheduler.h"

namespace cairn {

// What running attempts hold. Numbers above the totals count as the totals, so that a task whose
// threads were fixed on a larger machine can still run, alone.
class ResourcePool {
 public:
  explicit ResourcePool(ResourceTotals totals);

  // The limits for an attempt with this many threads, or nothing while others hold too much.
  [[nodiscard]] std::optional<v1::ResourceLimits> fit(const ResourceSpec& wanted,
                                                      std::uint32_t threads) const;
  void take(const v1::ResourceLimits& limits);
  void give(const v1::ResourceLimits& limits);
  [[nodiscard]] bool exhausted() const { return cpus_ >= totals_.cpus; }
  // kInvalidArgument when the machine can never fit it.
  [[nodiscard]] Result<void> check(const StageSpec& stage) const;

 private:
  ResourceTotals totals_;
  std::uint64_t cpus_ = 0;
  std::uint64_t memory_ = 0;
  std::set<std::string> free_gpus_;
};

struct Scheduler::Impl : std::enable_shared_from_this<Scheduler::Impl> {
  struct Run {
    RunState state;
    LiveTasks live;
    std::size_t order = 0;  // of submission
  };

  struct Host {
    HostHandle handle;
    bool exists = false;  // the executor started it
    Run* run = nullptr;   // null: idle
    std::size_t task = 0;
    std::uint32_t attempt = 0;
    std::string pool;  // what an attempt must match to be given this host
    Duration last_heard{};
    std::optional<Duration> idle_until;
    std::optional<Duration> kill_at;
    std::string kill_cause;  // not empty: it was killed
    std::string kill_message;
  };

  Impl(boost::asio::io_context& io, SchedulerPorts ports, SchedulerConfig config);
  void connect();

  // ---- the loop ----
  // Runs work on the strand as part of a turn.
  void enter(std::function<void()> work);
  // From any thread.
  void post(std::function<void()> work);
  void pump();
  // Journals an event in this turn's batch and follows what comes of it.
  void emit(Run& run, Event event);
  // After this turn's batch is durable.
  void afterwards(std::function<void()> effect);
  void follow(Run& run, std::vector<Command> wanted);
  void carry_out(Run& run, const Command& command);
  void halt(Error error);
  void commit();
  void watch_idle();
  void arm_timer();

  // ---- tasks ----
  Event check_cache(Run& run, std::size_t task);
  Event evaluate_when(const Run& run, std::size_t task) const;
  void start_queued();
  void start_attempt(Run& run, std::size_t task, const v1::ResourceLimits& limits);
  void bind_host(const std::string& host, const HostHandle& handle);
  [[nodiscard]] v1::Assignment assignment(const Run& run, std::size_t task) const;
  void after_event(Run& run, const Event& event);

  // ---- hosts ----
  void on_report(const std::string& host, const v1::HostReport& report);
  void on_exit(const HostExit& exit);
  // Journals a report of the run's live attempt; false when it is not news.
  bool apply_report(Run& run, std::size_t task, const v1::HostReport& report);
  void drain_spool(Run& run, std::size_t task);
  [[nodiscard]] Event finish_event(const Run& run, std::size_t task,
                                   const v1::HostReport& report) const;
  void fail_attempt(Run& run, std::size_t task, const std::string& cause,
                    const std::string& message);
  void stop_attempt(Run& run, std::size_t task);
  void kill(Host& host, const std::string& cause, const std::string& message);
  void free_host(const std::string& host, bool reuse);
  void release(const std::string& name, Host& host);
  void release_idle();
  [[nodiscard]] bool any_running() const;
  void check_deadlines();
  [[nodiscard]] std::optional<Duration> next_deadline() const;
  [[nodiscard]] fs::path folder_of(const AttemptState& attempt) const;
  [[nodiscard]] v1::AttemptId id_of(const Run& run, std::size_t task) const;

  // ---- recovery ----
  Run& adopt_state(RunState state);
  // Ends or adopts the attempts that an earlier engine left live.
  void settle(Run& run);
  Result<v1::RunResumed> resume(const std::string& run, const ResumeOptions& options);
  Result<v1::RunResumed> preview(const std::string& run, const ResumeOptions& options) const;
  Result<void> recover(const std::string& run);
  Result<RunState> load(const std::string& run) const;
  std::map<std::string, std::string> lost_artifacts(const RunState& state, bool set_aside) const;

  boost::asio::io_context& io;
  Strand strand;
  boost::asio::steady_timer timer;
  SchedulerPorts ports;
  SchedulerConfig config;
  ResourcePool pool;

  std::map<std::string, std::unique_ptr<Run>> runs;
  std::map<std::string, Host> hosts;
  std::set<std::tuple<std::size_t, std::size_t, Run*>> queued;  // order of run, task
  std::map<int, std::function<void(const RunUpdate&)>> subscribers;
  std::vector<std::function<void()>> idle_callbacks;
  int last_subscriber = 0;

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
  bool dead = false;  // kill_all: nothing is journaled any more
  std::optional<Error> failure;
};

}  // namespace cairn
